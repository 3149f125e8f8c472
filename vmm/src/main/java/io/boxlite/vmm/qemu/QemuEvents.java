package io.boxlite.vmm.qemu;

import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import io.boxlite.vmm.qemu.internal.template.MigrationOutcome;
import java.util.function.Consumer;

/// Keeps what QEMU reports by itself about one VM. Thread-safe.
final class QemuEvents implements Consumer<QmpEvent> {
  private final MigrationOutcome migration = new MigrationOutcome();
  private volatile String cause = "";

  @Override
  public void accept(QmpEvent event) {
    if (event.name().equals("SHUTDOWN")) {
      cause = event.text("reason");
    }
    migration.accept(event);
  }

  /// {@return why the VM ends, as [io.boxlite.vmm.VmExit#cause()]; empty while nothing is known}
  String cause() {
    return cause;
  }

  /// {@return how the one time ends that it is loaded or saved}
  MigrationOutcome migration() {
    return migration;
  }
}
