package io.boxlite.vmm.qemu;

import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// What the QEMU of one VM has reported by itself. Thread-safe.
final class VmEvents implements Consumer<QmpEvent> {
  private volatile String cause = "";

  /// Completes with the outcome of the VM's one migration: it is either restored or saved, once.
  private final CompletableFuture<String> migrated = new CompletableFuture<>();

  @Override
  public void accept(QmpEvent event) {
    switch (event.name()) {
      case "SHUTDOWN" -> cause = event.text("reason");
      case "MIGRATION" -> {
        String status = event.text("status");
        if (status.equals("completed") || status.equals("failed")) {
          migrated.complete(status);
        }
      }
      default -> {
        // Concerns nobody.
      }
    }
  }

  /// {@return why the VM ends, as QEMU said; empty if it did not}
  String cause() {
    return cause;
  }

  CompletableFuture<String> migrated() {
    return migrated;
  }
}
