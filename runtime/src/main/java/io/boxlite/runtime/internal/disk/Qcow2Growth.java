package io.boxlite.runtime.internal.disk;

import io.boxlite.api.StorageException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes a QCOW2 image larger, as far as its L1 table has room in the clusters that it takes
/// anyway: in an image of [Qcow2Overlay] up to 4 TiB. What the image says about itself changes by
/// one write of 16 bytes within one sector, so that it is valid at every moment.
///
/// Source of the format: QEMU's `docs/interop/qcow2.txt`.
final class Qcow2Growth {
  private static final int VERSION = 3;
  private static final int MIN_CLUSTER_BITS = 9;
  private static final int MAX_CLUSTER_BITS = 21;

  // Offsets in the header.
  private static final int CLUSTER_BITS_AT = 20;
  private static final int SIZE_AT = 24;
  private static final int ENCRYPTION_AT = 32;
  private static final int L1_ENTRIES_AT = 36;
  private static final int L1_TABLE_AT = 40;
  private static final int HEADER_BYTES = 48;

  private Qcow2Growth() {}

  /// Grows an image; does nothing when it is as large, or larger.
  ///
  /// @param file the image, which nobody else has open
  /// @param sizeBytes virtual size
  /// @throws StorageException if it cannot be read or written, or is not such an image
  static void grow(Path file, long sizeBytes) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer header = read(channel);
      if (header.getInt(0) != Qcow2Overlay.MAGIC || header.getInt(Integer.BYTES) != VERSION) {
        throw failed(file, "it is not a qcow2 image of version 3", null);
      }
      if (header.getLong(SIZE_AT) < sizeBytes) {
        grow(file, channel, header, sizeBytes);
      }
    } catch (IOException e) {
      throw failed(file, e.toString(), e);
    }
  }

  private static ByteBuffer read(FileChannel channel) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    while (header.hasRemaining()) {
      if (channel.read(header, header.position()) < 0) {
        throw new EOFException("it has no header");
      }
    }
    return header;
  }

  private static void grow(Path file, FileChannel channel, ByteBuffer header, long sizeBytes)
      throws IOException {
    int clusterBits = header.getInt(CLUSTER_BITS_AT);
    if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
      throw failed(file, "its clusters have 2^" + clusterBits + " bytes", null);
    }
    long cluster = 1L << clusterBits;
    long bytesPerEntry = cluster * (cluster / Long.BYTES); // one L2 table maps this much
    long had = Integer.toUnsignedLong(header.getInt(L1_ENTRIES_AT));
    long needed = Math.max(had, (sizeBytes + bytesPerEntry - 1) / bytesPerEntry);
    long room = (had * Long.BYTES + cluster - 1) / cluster * cluster / Long.BYTES;
    if (needed > room) {
      throw failed(file, "its L1 table has room for " + room + " entries, not " + needed, null);
    }
    // Nobody has used these entries; whoever allocated the table need not have cleared them.
    ByteBuffer unused = ByteBuffer.allocate(Math.toIntExact((needed - had) * Long.BYTES));
    write(channel, unused, header.getLong(L1_TABLE_AT) + had * Long.BYTES);
    channel.force(false);
    ByteBuffer changed = ByteBuffer.allocate(L1_TABLE_AT - SIZE_AT);
    changed.putLong(sizeBytes).putInt(header.getInt(ENCRYPTION_AT)).putInt((int) needed).flip();
    write(channel, changed, SIZE_AT);
    channel.force(false);
  }

  private static void write(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
    long offset = at;
    while (bytes.hasRemaining()) {
      offset += channel.write(bytes, offset);
    }
  }

  private static StorageException failed(Path file, String why, @Nullable Throwable cause) {
    return new StorageException(
        "disk_not_grown",
        "grow disk " + file + ": " + why + "; check the disk and free space",
        cause,
        Map.of("path", file.toString()));
  }
}
