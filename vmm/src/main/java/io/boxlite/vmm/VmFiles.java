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
/// @param consoleLog what the guest writes to its serial console is appended here
/// @param vmmLog what the VM monitor itself says is appended here
/// @since 0.1
public record VmFiles(
    Path runDir,
    Path qmpSocket,
    Path portalSocket,
    Path volumesSocket,
    Path consoleLog,
    Path vmmLog) {

  /// Checks the arguments.
  public VmFiles {
    for (Path path : List.of(runDir, qmpSocket, portalSocket, volumesSocket, consoleLog, vmmLog)) {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("path '" + path + "' is not absolute");
      }
    }
  }
}
