package io.boxlite.vmm;

import java.nio.file.Path;

/// A disk of a VM. Immutable.
///
/// @param scsiTarget number of the SCSI target, 0 to 255, unique in the VM; the guest finds the
///   disk by it
/// @param file the image, absolute
/// @param format how the image is encoded
/// @param readOnly whether the guest may only read; any number of VMs may share such an image,
///   which nobody may change meanwhile
/// @since 0.1
public record VmDisk(int scsiTarget, Path file, Format format, boolean readOnly) {

  /// Checks the arguments.
  public VmDisk {
    if (scsiTarget < 0 || scsiTarget > 255) {
      throw new IllegalArgumentException("scsi target " + scsiTarget + " is not within 0 to 255");
    }
    if (!file.isAbsolute()) {
      throw new IllegalArgumentException("disk file '" + file + "' is not absolute");
    }
  }

  /// How a disk image is encoded.
  ///
  /// @since 0.1
  public enum Format {
    /// The bytes of the disk, one after another.
    RAW,
    /// QEMU's thin format, possibly over a backing file that it names.
    QCOW2
  }
}
