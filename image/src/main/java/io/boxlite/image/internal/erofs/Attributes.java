package io.boxlite.image.internal.erofs;

/// What every inode has. The mode holds the type too, as in `st_mode`.
///
/// @param mode type and permission bits
/// @param uid owner, 32 bits
/// @param gid group, 32 bits
/// @param mtimeSeconds since the epoch, may be negative
/// @param mtimeNanos 0 to 999,999,999
/// @param xattrs as [Xattrs] encodes them, empty if there are none
public record Attributes(
    int mode, int uid, int gid, long mtimeSeconds, int mtimeNanos, byte[] xattrs) {
  private static final byte[] NO_XATTRS = {};

  /// A directory that an archive does not mention but has files in.
  public static final Attributes IMPLICIT_DIRECTORY =
      new Attributes(FileType.DIRECTORY.mode() | 0755, 0, 0, 0, 0, NO_XATTRS);

  /// The character device 0/0 with which overlayfs hides a name of the layers below.
  public static final Attributes WHITEOUT =
      new Attributes(FileType.CHARACTER_DEVICE.mode(), 0, 0, 0, 0, NO_XATTRS);

  /// {@return the type that the mode has}
  public FileType type() {
    return FileType.ofMode(mode);
  }
}
