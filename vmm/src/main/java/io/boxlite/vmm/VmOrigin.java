package io.boxlite.vmm;

import java.nio.file.Path;

/// What a VM's first instruction is. Immutable.
///
/// @since 0.1
public sealed interface VmOrigin {

  /// The kernel's first: the guest boots.
  ///
  /// @since 0.1
  record Cold() implements VmOrigin {}

  /// The kernel's first, and the guest's memory is a file, so that [Vm#save] can make a template of
  /// the VM.
  ///
  /// @param memory file to make; absolute, not there yet
  /// @since 0.1
  record Seed(Path memory) implements VmOrigin {}

  /// The next one of a VM that was saved. The guest's memory is the template's, copied on write.
  ///
  /// @param template what was saved, by a VM with the same [VmmDriver#templateKey]
  /// @since 0.1
  record Restored(VmTemplate template) implements VmOrigin {}
}
