package io.boxlite.image.internal.layer;

/// Bounds of a layer that are not the user's to set (those are [io.boxlite.image.ImageLimits]):
/// they come from Linux and from EROFS, or are beyond all sense.
final class LayerLimits {
  /// Uncompressed bytes that may have any ratio: 64 MiB.
  static final long RATIO_FREE_BYTES = 64L << 20;

  /// Bytes of a path (Linux `PATH_MAX`), and of the target of a symbolic link, plus one.
  static final int PATH_BYTES = 4096;

  /// Symbolic links on the way to a file (Linux `MAXSYMLINKS`).
  static final int LINKS = 40;

  /// Bytes of the name of an extended attribute (Linux `XATTR_NAME_MAX`).
  static final int XATTR_NAME_BYTES = 255;

  /// Bytes of all extended attributes of a file, names and values, less one.
  static final int XATTR_BYTES = 64 << 10;

  /// Bytes of all names, link targets and extended attributes of a layer: 32 MiB. They are in
  /// memory until its end.
  static final long METADATA_BYTES = 32L << 20;

  private LayerLimits() {}
}
