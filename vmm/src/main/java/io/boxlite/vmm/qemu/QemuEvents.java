package io.boxlite.vmm.qemu;

import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import io.boxlite.vmm.qemu.internal.template.MigrationOutcome;
import java.time.Duration;
import java.util.function.Consumer;

/// Keeps what QEMU reports by itself about one VM. Thread-safe.
///
/// A guest can cause as many events as it likes, by reading beyond the end of its disk: what is
/// done about one costs next to nothing.
final class QemuEvents implements Consumer<QmpEvent> {
  private static final System.Logger LOG = System.getLogger("io.boxlite.vmm");
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final String id;
  private final Consumer<String> log;
  private final MigrationOutcome migration = new MigrationOutcome();
  private volatile String cause = "";
  private volatile Runnable onStop = () -> {};

  // Of the thread that reads events.
  private long errors;
  private long toldAt = System.nanoTime() - QUIET.toNanos();

  QemuEvents(String id) {
    this(id, message -> LOG.log(System.Logger.Level.WARNING, message));
  }

  QemuEvents(String id, Consumer<String> log) {
    this.id = id;
    this.log = log;
  }

  @Override
  public void accept(QmpEvent event) {
    switch (event.name()) {
      case "SHUTDOWN" -> cause = event.text("reason");
      case "STOP" -> onStop.run();
      case "BLOCK_IO_ERROR" -> diskError(event);
      default -> {}
    }
    migration.accept(event);
  }

  private void diskError(QmpEvent event) {
    if (event.text("action").equals("stop")) {
      return; // the host's disk is full: a STOP follows
    }
    errors++;
    long now = System.nanoTime();
    if (now - toldAt >= QUIET.toNanos()) {
      toldAt = now;
      log.accept(
          "vm "
              + id
              + ": "
              + event.text("operation")
              + " of a disk failed, the guest was told: "
              + event.text("reason")
              + " ("
              + errors
              + " so far)");
    }
  }

  /// {@return why the VM ends, as [io.boxlite.vmm.VmExit#cause()]; empty while nothing is known}
  String cause() {
    return cause;
  }

  /// Takes the place of what was done before when the CPUs stop.
  void onStop(Runnable action) {
    onStop = action;
  }

  /// {@return how the one time ends that it is loaded or saved}
  MigrationOutcome migration() {
    return migration;
  }
}
