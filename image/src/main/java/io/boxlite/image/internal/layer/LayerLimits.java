package io.boxlite.image.internal.layer;

/// What one layer may have. A layer beyond any of these is refused as `too_large`.
final class LayerLimits {
  /// Entries of the archive.
  static final int ENTRIES = 2_000_000;

  /// Bytes of the archive when it is uncompressed: 64 GiB.
  static final long UNCOMPRESSED_BYTES = 64L << 30;

  /// Bytes of the EROFS image, holes included: 1 TiB. Sparse files count with their full size.
  static final long IMAGE_BYTES = 1L << 40;

  /// Uncompressed bytes per compressed byte, once [#RATIO_FREE_BYTES] were seen.
  static final long RATIO = 1100;

  /// Uncompressed bytes that may have any ratio: 64 MiB.
  static final long RATIO_FREE_BYTES = 64L << 20;

  /// Components of a path.
  static final int PATH_DEPTH = 256;

  /// Bytes of a path (Linux `PATH_MAX`), and of the target of a symbolic link, plus one.
  static final int PATH_BYTES = 4096;

  /// Bytes of one component (Linux `NAME_MAX`), and of the name of an extended attribute.
  static final int NAME_BYTES = 255;

  /// Bytes of all extended attributes of a file, names and values, less one.
  static final int XATTR_BYTES = 64 << 10;

  private LayerLimits() {}
}
