package io.boxlite.api.internal.tar;

import java.util.List;
import java.util.Map;

/// One entry of a tar, with what its extension headers said applied.
///
/// @param name as Latin-1: one char is one byte of the archive, whatever its encoding
/// @param type what it is
/// @param linkName target of a link, as Latin-1
/// @param mode permission bits, set-id and sticky bits
/// @param uid owner
/// @param gid group
/// @param mtimeSeconds since the epoch, may be negative
/// @param mtimeNanos 0 to 999,999,999
/// @param size bytes of the file; of a sparse one with its holes
/// @param major of a device
/// @param minor of a device
/// @param xattrs extended attributes by full name (Latin-1)
/// @param segments what of the file is in the archive, in order; one segment if it is not sparse
public record TarEntry(
    String name,
    Type type,
    String linkName,
    int mode,
    long uid,
    long gid,
    long mtimeSeconds,
    int mtimeNanos,
    long size,
    int major,
    int minor,
    Map<String, byte[]> xattrs,
    List<Segment> segments) {

  /// The types that an archive of files may have.
  public enum Type {
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO
  }

  /// A part of a file that is not a hole.
  ///
  /// @param offset in the file
  /// @param length in bytes
  public record Segment(long offset, long length) {}

  /// {@return whether the file has holes that the archive leaves out}
  public boolean isSparse() {
    return segments.size() != 1 || segments.getFirst().length() != size;
  }
}
