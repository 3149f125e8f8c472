package io.boxlite.runtime.internal.disk;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;

/// Writes an empty QCOW2 (version 3) image over a backing file: a header, a refcount table with one
/// block, and an empty L1 table, so that every read goes to the backing file.
///
/// Source of the format: QEMU's `docs/interop/qcow2.txt`.
final class Qcow2Overlay {
  static final int MAGIC = 0x514649fb;
  private static final int CLUSTER_BITS = 16;
  private static final int CLUSTER = 1 << CLUSTER_BITS;
  private static final int HEADER_LENGTH = 104;
  private static final int EXTENSION_BACKING_FORMAT = 0xe2792aca;
  private static final int REFCOUNT_ORDER = 4; // 16-bit reference counts

  private static final int REFCOUNT_TABLE_CLUSTER = 1;
  private static final int REFCOUNT_BLOCK_CLUSTER = 2;
  private static final int L1_TABLE_CLUSTER = 3;

  private Qcow2Overlay() {}

  /// How the backing file is encoded.
  enum Backing {
    /// Plain.
    RAW,
    /// An image itself.
    QCOW2
  }

  /// Writes the image, atomically: the file is complete or not there. Over another image it is on
  /// stable storage then: what it takes the place of may have been all that a box had.
  ///
  /// @param file target, replaced when it exists
  /// @param backing absolute path of the backing file
  /// @param format of the backing file
  /// @param sizeBytes virtual size
  /// @throws StorageException if it cannot be written
  static void create(Path file, Path backing, Backing format, long sizeBytes) {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer image = image(backing.toString(), format, sizeBytes);
        while (image.hasRemaining()) {
          channel.write(image);
        }
        if (format == Backing.QCOW2) {
          channel.force(true);
        }
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException(
          "disk_not_made",
          "make disk " + file + ": " + e + "; check the disk and free space",
          e,
          Map.of("path", file.toString()));
    }
  }

  private static ByteBuffer image(String backing, Backing format, long sizeBytes) {
    // One L2 table of CLUSTER / 8 entries maps this much.
    long bytesPerL1Entry = (long) CLUSTER * (CLUSTER / Long.BYTES);
    int l1Entries = Math.toIntExact((sizeBytes + bytesPerL1Entry - 1) / bytesPerL1Entry);
    int l1Clusters = (l1Entries * Long.BYTES + CLUSTER - 1) / CLUSTER;
    int clusters = L1_TABLE_CLUSTER + l1Clusters;
    ByteBuffer image = ByteBuffer.allocate(clusters * CLUSTER);
    header(image, backing.getBytes(StandardCharsets.UTF_8), format, sizeBytes, l1Entries);
    image.putLong(REFCOUNT_TABLE_CLUSTER * CLUSTER, (long) REFCOUNT_BLOCK_CLUSTER * CLUSTER);
    for (int cluster = 0; cluster < clusters; cluster++) {
      image.putShort(REFCOUNT_BLOCK_CLUSTER * CLUSTER + cluster * Short.BYTES, (short) 1);
    }
    return image.position(0);
  }

  private static void header(
      ByteBuffer image, byte[] backing, Backing kind, long sizeBytes, int l1Entries) {
    int extensions = 8 + 8 + 8; // backing format: type and length, padded text; end: type, length
    image.putInt(MAGIC).putInt(3);
    image.putLong(HEADER_LENGTH + extensions).putInt(backing.length);
    image.putInt(CLUSTER_BITS).putLong(sizeBytes);
    image.putInt(0); // no encryption
    image.putInt(l1Entries).putLong((long) L1_TABLE_CLUSTER * CLUSTER);
    image.putLong((long) REFCOUNT_TABLE_CLUSTER * CLUSTER).putInt(1);
    image.putInt(0).putLong(0); // no snapshots
    image.putLong(0).putLong(0).putLong(0); // no feature bits
    image.putInt(REFCOUNT_ORDER).putInt(HEADER_LENGTH);
    byte[] format = kind.name().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
    image.putInt(EXTENSION_BACKING_FORMAT).putInt(format.length).put(format);
    image.put(new byte[Long.BYTES - format.length]);
    image.putLong(0); // end of extensions
    image.put(backing);
  }
}
