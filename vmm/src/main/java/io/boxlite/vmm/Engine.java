package io.boxlite.vmm;

/// A VM monitor with the accelerator that it will use. Immutable.
///
/// @param monitor name of the VM monitor, such as `qemu`
/// @param version its version, such as `7.2.22`
/// @param accelerator who executes the guest
/// @param reason why this accelerator: for KVM that a guest booted, otherwise why KVM is not used
/// @since 0.1
public record Engine(String monitor, String version, Accelerator accelerator, String reason) {

  /// {@return such as `qemu 7.2.22 (tcg)`}
  @Override
  public String toString() {
    return monitor + " " + version + " (" + accelerator.lowerName() + ")";
  }
}
