package io.boxlite.runtime.internal.disk;

import io.boxlite.api.StorageException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a QCOW2 image says about itself.
///
/// Source of the format: QEMU's `docs/interop/qcow2.txt`.
///
/// @param sizeBytes virtual size
/// @param backing what it lies over, as it stands there
record Qcow2Header(long sizeBytes, Optional<String> backing) {
  private static final int BACKING_AT = 8;
  private static final int BACKING_BYTES_AT = 16;
  private static final int CLUSTER_BITS_AT = 20;
  private static final int SIZE_AT = 24;
  private static final int ENCRYPTION_AT = 32;
  private static final int L1_ENTRIES_AT = 36;
  private static final int SNAPSHOTS_AT = 60;
  private static final int INCOMPATIBLE_AT = 72;
  private static final int HEADER_LENGTH_AT = 100;
  private static final int HEADER_BYTES = 104;
  private static final int MAX_NAME = 1023;
  private static final int MIN_CLUSTER_BITS = 9;
  private static final int MAX_CLUSTER_BITS = 21;
  private static final int MAX_L1_BYTES = 32 << 20;

  /// Reads the header of an image that this program made.
  ///
  /// @throws StorageException if it cannot be read, or is no such image
  static Qcow2Header read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return parse(file, channel, fixed(file, channel));
    } catch (IOException e) {
      throw failed(file, e.toString(), e);
    }
  }

  /// Reads the header of an image of somebody else. One that would have QEMU open any other file,
  /// or that has features this program's images never have, is refused.
  ///
  /// @param maxBytes virtual size that it may have
  /// @throws StorageException if it is not acceptable
  static Qcow2Header readForeign(Path file, long maxBytes) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer fixed = fixed(file, channel);
      Qcow2Header header = parse(file, channel, fixed);
      int clusterBits = fixed.getInt(CLUSTER_BITS_AT);
      require(file, header.backing().isEmpty() && fixed.getLong(BACKING_AT) == 0, "a backing file");
      require(file, fixed.getInt(ENCRYPTION_AT) == 0, "encryption");
      require(file, fixed.getInt(SNAPSHOTS_AT) == 0, "internal snapshots");
      require(file, fixed.getLong(INCOMPATIBLE_AT) == 0, "features that are not known");
      require(file, fixed.getInt(HEADER_LENGTH_AT) >= HEADER_BYTES, "a header of no valid length");
      require(
          file,
          clusterBits >= MIN_CLUSTER_BITS && clusterBits <= MAX_CLUSTER_BITS,
          "clusters of no valid size");
      require(
          file,
          header.sizeBytes() > 0 && header.sizeBytes() <= maxBytes && header.sizeBytes() % 512 == 0,
          "no valid size");
      require(
          file,
          Integer.toUnsignedLong(fixed.getInt(L1_ENTRIES_AT)) * Long.BYTES <= MAX_L1_BYTES,
          "too large a table");
      return header;
    } catch (IOException e) {
      throw failed(file, e.toString(), e);
    }
  }

  private static void require(Path file, boolean holds, String otherwise) {
    if (!holds) {
      throw failed(file, "it has " + otherwise, null);
    }
  }

  private static ByteBuffer fixed(Path file, FileChannel channel) throws IOException {
    ByteBuffer fixed = read(channel, 0, HEADER_BYTES);
    if (fixed.getInt(0) != Qcow2Overlay.MAGIC || fixed.getInt(Integer.BYTES) != 3) {
      throw failed(file, "it is not a qcow2 image of version 3", null);
    }
    return fixed;
  }

  private static Qcow2Header parse(Path file, FileChannel channel, ByteBuffer fixed)
      throws IOException {
    long at = fixed.getLong(BACKING_AT);
    int length = fixed.getInt(BACKING_BYTES_AT);
    if (at == 0) {
      return new Qcow2Header(fixed.getLong(SIZE_AT), Optional.empty());
    }
    if (at < HEADER_BYTES || at > 1L << MAX_CLUSTER_BITS || length < 1 || length > MAX_NAME) {
      throw failed(file, "the name of its backing file is not valid", null);
    }
    String name = new String(read(channel, at, length).array(), StandardCharsets.UTF_8);
    return new Qcow2Header(fixed.getLong(SIZE_AT), Optional.of(name));
  }

  private static ByteBuffer read(FileChannel channel, long at, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException("it has no header");
      }
    }
    return bytes;
  }

  private static StorageException failed(Path file, String why, @Nullable Throwable cause) {
    return new StorageException(
        "disk_not_readable",
        "disk " + file.getFileName() + ": " + why,
        cause,
        Map.of("path", file.toString()));
  }
}
