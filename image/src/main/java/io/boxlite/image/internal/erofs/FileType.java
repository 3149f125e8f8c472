package io.boxlite.image.internal.erofs;

/// The file types of Linux: their bits in `st_mode` and their codes in an EROFS directory entry
/// (`EROFS_FT_*`, which are those of `fs_types.h`).
public enum FileType {
  REGULAR(0100000, 1),
  DIRECTORY(0040000, 2),
  CHARACTER_DEVICE(0020000, 3),
  BLOCK_DEVICE(0060000, 4),
  FIFO(0010000, 5),
  SOCKET(0140000, 6),
  SYMBOLIC_LINK(0120000, 7);

  private static final int MASK = 0170000;

  private final int mode;
  private final int direntCode;

  FileType(int mode, int direntCode) {
    this.mode = mode;
    this.direntCode = direntCode;
  }

  public int mode() {
    return mode;
  }

  int direntCode() {
    return direntCode;
  }

  static FileType ofMode(int mode) {
    for (FileType type : values()) {
      if (type.mode == (mode & MASK)) {
        return type;
      }
    }
    throw new IllegalArgumentException("no file type in mode " + Integer.toOctalString(mode));
  }
}
