package io.boxlite.vmm;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// All that shapes one VM. Immutable.
///
/// @param id names the VM in messages and in the process list; letters, digits, `-` and `_`
/// @param boot what the guest boots, or has booted
/// @param cpus number of virtual CPUs, at least 1
/// @param memoryMib memory of the guest, in MiB, at least 64
/// @param files where its files are
/// @param origin where its guest begins
/// @param disks attached before the guest runs
/// @since 0.1
public record VmConfig(
    String id,
    Boot boot,
    int cpus,
    int memoryMib,
    VmFiles files,
    VmOrigin origin,
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
    disks = List.copyOf(disks);
    Set<VmDisk.Slot> slots = EnumSet.noneOf(VmDisk.Slot.class);
    for (VmDisk disk : disks) {
      if (!slots.add(disk.slot())) {
        throw new IllegalArgumentException("VM " + id + ": two disks in slot " + disk.slot());
      }
    }
  }

  private static void absolute(Path path) {
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException("path '" + path + "' is not absolute");
    }
  }
}
