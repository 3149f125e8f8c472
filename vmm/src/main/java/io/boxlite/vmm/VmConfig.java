package io.boxlite.vmm;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// All that shapes one VM. Immutable. All paths are absolute; the directories of those that the VM
/// makes (sockets, logs) exist.
///
/// @param id names the VM in messages and in the process list; letters, digits, `-` and `_`
/// @param boot what the guest boots
/// @param cpus number of virtual CPUs, at least 1
/// @param memoryMib memory of the guest, in MiB, at least 64
/// @param runDir working directory of the VM's process
/// @param qmpSocket where the VM is controlled; any length. A second one beside it, `started.sock`,
///   is there while the VM starts
/// @param portalSocket where the byte stream to the guest's agent is served to one client
/// @param consoleLog what the guest writes to its serial console is appended here
/// @param qemuLog what the VM monitor itself says is appended here
/// @param disks attached before the guest runs, in this order
/// @since 0.1
public record VmConfig(
    String id,
    Boot boot,
    int cpus,
    int memoryMib,
    Path runDir,
    Path qmpSocket,
    Path portalSocket,
    Path consoleLog,
    Path qemuLog,
    List<VmDisk> disks) {

  /// What a guest boots. Nothing of the user belongs here: everybody on the host can read it.
  ///
  /// @param kernel the kernel image
  /// @param initramfs the initial file system
  /// @param extraArguments kernel command line arguments beyond those of the driver
  /// @since 0.1
  public record Boot(Path kernel, Path initramfs, List<String> extraArguments) {

    /// Checks and copies the arguments.
    public Boot {
      absolute(kernel);
      absolute(initramfs);
      extraArguments = List.copyOf(extraArguments);
      for (String argument : extraArguments) {
        if (!argument.matches("[!-~]+")) {
          throw new IllegalArgumentException("kernel argument '" + argument + "' is not one word");
        }
      }
    }
  }

  /// Checks and copies the arguments.
  public VmConfig {
    if (!id.matches("[A-Za-z0-9_-]{1,128}")) {
      throw new IllegalArgumentException(
          "VM id '" + id + "' has other than letters, digits, - and _");
    }
    if (cpus < 1) {
      throw new IllegalArgumentException("VM " + id + ": " + cpus + " CPUs, at least 1 is needed");
    }
    if (memoryMib < 64) {
      throw new IllegalArgumentException(
          "VM " + id + ": " + memoryMib + " MiB of memory, at least 64 are needed");
    }
    List.of(runDir, qmpSocket, portalSocket, consoleLog, qemuLog).forEach(VmConfig::absolute);
    disks = List.copyOf(disks);
    Set<Integer> targets = new HashSet<>();
    for (VmDisk disk : disks) {
      if (!targets.add(disk.scsiTarget())) {
        throw new IllegalArgumentException(
            "VM " + id + ": two disks on SCSI target " + disk.scsiTarget());
      }
    }
  }

  private static void absolute(Path path) {
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException("path '" + path + "' is not absolute");
    }
  }
}
