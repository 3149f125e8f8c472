package io.boxlite.vmm.qemu.internal.probe;

import io.boxlite.vmm.qemu.internal.process.LinuxCalls;
import io.boxlite.vmm.qemu.internal.process.LinuxCalls.CallException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What `/dev/kvm` says without a guest. That all is well here does not mean that a guest boots.
final class KvmDevice {
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final long KVM_CREATE_VM = 0xAE01;

  private KvmDevice() {}

  /// Looks whether a device is there and may be used.
  ///
  /// @param device usually `/dev/kvm`
  /// @return why it cannot be used, with what to do; empty if nothing speaks against it
  static Optional<String> obstacle(Path device) {
    if (!Files.exists(device)) {
      return Optional.of(
          "no "
              + device
              + ": the CPU or the hypervisor around this host offers no virtualization, or the kernel"
              + " modules kvm_intel or kvm_amd are not loaded");
    }
    if (!Files.isReadable(device) || !Files.isWritable(device)) {
      return Optional.of(
          "no permission for "
              + device
              + ": add the user to its group (usermod -aG kvm "
              + System.getProperty("user.name")
              + ") and log in again");
    }
    return Optional.empty();
  }

  /// Has a device make an empty VM.
  ///
  /// @param device usually `/dev/kvm`
  /// @return why it does not; empty if it does
  static Optional<String> refusal(Path device) {
    int fd;
    try {
      fd = LinuxCalls.open(device.toString(), O_RDWR | O_CLOEXEC);
    } catch (CallException e) {
      return Optional.of(device + " cannot be opened: errno " + e.errno());
    }
    try {
      LinuxCalls.close(LinuxCalls.ioctl(fd, KVM_CREATE_VM, 0));
      return Optional.empty();
    } catch (CallException e) {
      return Optional.of(device + " makes no VM: errno " + e.errno());
    } finally {
      LinuxCalls.close(fd);
    }
  }
}
