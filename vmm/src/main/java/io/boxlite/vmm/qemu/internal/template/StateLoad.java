package io.boxlite.vmm.qemu.internal.template;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.qemu.internal.command.MigrationCommands;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;

/// Loads the saved state of a VM into a new one.
public final class StateLoad {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long MIB = 1L << 20;

  private StateLoad() {}

  /// Looks whether a template can be what it is said to be: QEMU would make an empty memory file
  /// larger.
  ///
  /// @param template what is to be restored
  /// @param memoryMib memory of the VM, in MiB
  /// @throws EngineException reason `template_refused`, if it cannot
  public static void check(VmTemplate template, int memoryMib) {
    String why;
    try {
      long bytes = Files.size(template.memory());
      if (bytes != memoryMib * MIB) {
        why = template.memory() + " has " + bytes + " bytes instead of " + memoryMib + " MiB";
      } else if (!Files.isWritable(template.memory())) {
        // QEMU 7.2 opens it for writing, although what is mapped private is never written back.
        why = template.memory() + " must have mode 0600 and belong to this user";
      } else if (!Files.isReadable(template.state())) {
        why = template.state() + " cannot be read";
      } else {
        return;
      }
    } catch (IOException e) {
      why = "cannot be read: " + e;
    }
    throw new EngineException(
        QemuLauncher.TEMPLATE_REFUSED,
        "template of a VM: " + why + "; remove it, it is made again",
        null,
        Map.of("memory", template.memory().toString(), "state", template.state().toString()));
  }

  /// Loads the state that is the QEMU's standard input. A QEMU that cannot load it ends.
  ///
  /// @param qmp control of a QEMU that waits for a state
  /// @param outcome told of its events
  /// @throws EngineException reason `template_refused`, if it does not take this one
  public static void run(QmpClient qmp, MigrationOutcome outcome) {
    qmp.executeAll(MigrationCommands.load(), LIMIT);
    String end = outcome.await(qmp, LIMIT);
    if (!end.equals(MigrationOutcome.COMPLETED)) {
      throw new EngineException(
          QemuLauncher.TEMPLATE_REFUSED, "qemu could not load the saved state: " + end);
    }
  }
}
