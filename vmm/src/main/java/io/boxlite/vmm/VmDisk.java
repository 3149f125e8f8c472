package io.boxlite.vmm;

import java.nio.file.Path;
import java.util.Locale;

/// A disk of a VM. Immutable.
///
/// @param slot which of the VM's disks it is; the guest finds it by that
/// @param file the image, absolute
/// @param format how the image is encoded
/// @param ephemeral whether nobody needs it after this VM: what the guest flushes need not be on
///   stable storage
/// @since 0.1
public record VmDisk(Slot slot, Path file, Format format, boolean ephemeral) {

  /// Checks the arguments.
  public VmDisk {
    if (!file.isAbsolute()) {
      throw new IllegalArgumentException("disk file '" + file + "' is not absolute");
    }
  }

  /// Describes a disk that is needed after the VM.
  ///
  /// @param slot which of the VM's disks it is
  /// @param file the image, absolute
  /// @param format how the image is encoded
  public VmDisk(Slot slot, Path file, Format format) {
    this(slot, file, format, false);
  }

  /// The disks that every VM has room for.
  ///
  /// @since 0.1
  public enum Slot {
    /// What the box is made from. Read-only: any number of VMs may share such an image, which
    /// nobody may change meanwhile.
    LAYERS,
    /// The box's own. Only one VM at a time may have it.
    BOX;

    /// {@return whether the guest may only read}
    public boolean readOnly() {
      return this == LAYERS;
    }

    /// {@return the name as the VM monitor has it}
    public String lowerName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// How a disk image is encoded.
  ///
  /// @since 0.1
  public enum Format {
    /// QEMU's thin format, possibly over a backing file that it names.
    QCOW2,
    /// A text that names the files of which the disk consists, one after another.
    VMDK
  }
}
