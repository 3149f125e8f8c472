package io.boxlite.vmm;

/// Whether a VM's CPUs run.
///
/// @since 0.1
public enum VmActivity {
  /// They run.
  RUNNING,
  /// They stand still: [Vm#pause()] was called, or the VM has not begun or is being saved.
  PAUSED,
  /// The VM monitor stopped them, because the host has no room for what the guest writes. The guest
  /// knows nothing of it: the write is tried again after [Vm#resume()].
  DISK_FULL
}
