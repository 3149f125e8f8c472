package io.boxlite.vmm;

import java.nio.file.Path;
import java.util.List;

/// Where the files of one VM are. Immutable. All paths are absolute; their directories exist.
///
/// @param runDir working directory of the VM's process while it starts
/// @param qmpSocket where the VM is controlled; any length. Others beside it are there while the VM
///   starts or is saved
/// @param portalSocket where the byte stream to the guest's agent is served to one client
/// @param volumesSocket where the guest's file systems of the host are asked for, as a byte stream
///   to one client (docs/volumes.md)
/// @param networkSocket where the guest's network card is served to one client, as Ethernet frames
///   behind their lengths (docs/network.md)
/// @param consoleLog what the guest writes to its serial console is appended here
/// @param vmmLog what the VM monitor itself says is appended here
/// @since 0.1
public record VmFiles(
    Path runDir,
    Path qmpSocket,
    Path portalSocket,
    Path volumesSocket,
    Path networkSocket,
    Path consoleLog,
    Path vmmLog) {

  /// {@return files whose sockets have the usual names in one directory}
  ///
  /// @param directory its working directory, and that of its sockets
  /// @param consoleLog what the guest writes to its serial console
  /// @param vmmLog what the VM monitor itself says
  public static VmFiles in(Path directory, Path consoleLog, Path vmmLog) {
    return new VmFiles(
        directory,
        directory.resolve("qmp.sock"),
        directory.resolve("portal.sock"),
        directory.resolve("volumes.sock"),
        directory.resolve("net.sock"),
        consoleLog,
        vmmLog);
  }

  /// Checks the arguments.
  public VmFiles {
    for (Path path :
        List.of(
            runDir, qmpSocket, portalSocket, volumesSocket, networkSocket, consoleLog, vmmLog)) {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("path '" + path + "' is not absolute");
      }
    }
  }
}
