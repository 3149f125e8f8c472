package io.boxlite.vmm.qemu.internal.command;

import io.boxlite.vmm.qemu.internal.qmp.QmpCommand;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The QMP commands that save and load a VM's state: pure functions. To QEMU both are a migration.
public final class MigrationCommands {
  private MigrationCommands() {}

  /// Leaves out the memory, which is in a file, and reports progress as `MIGRATION` events. Both
  /// sides of a migration must say so.
  private static final QmpCommand CAPABILITIES =
      new QmpCommand(
          "migrate-set-capabilities",
          Map.of(
              "capabilities",
              List.of(
                  Map.of("capability", "x-ignore-shared", "state", true),
                  Map.of("capability", "events", "state", true))));

  /// {@return what makes a paused VM send its state}
  ///
  /// @param socket where somebody listens for it
  public static List<QmpCommand> save(Path socket) {
    return List.of(
        new QmpCommand("stop"),
        CAPABILITIES,
        new QmpCommand("migrate", Map.of("uri", "unix:" + socket)));
  }

  /// {@return what makes a QEMU that waits for a state read it from its standard input, so that it
  /// opens nothing and needs no name}
  public static List<QmpCommand> load() {
    return List.of(
        CAPABILITIES,
        // Its network card has not moved: nobody has to be told where it is.
        new QmpCommand("migrate-set-parameters", Map.of("announce-rounds", 0)),
        new QmpCommand("migrate-incoming", Map.of("uri", "fd:0")));
  }
}
