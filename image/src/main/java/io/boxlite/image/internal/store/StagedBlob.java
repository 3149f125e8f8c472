package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/// A file whose digest is known, not yet (or already) in the store.
///
/// @param file where it is
/// @param digest of its content
/// @param size in bytes
record StagedBlob(Path file, Digest digest, long size) {
  private static final int BUFFER = 256 * 1024;

  /// Where the bytes of a blob come from, such as [InputStream#read(byte[], int, int)].
  @FunctionalInterface
  interface Source {
    int read(byte[] buffer, int offset, int length) throws IOException;
  }

  /// Writes a file and computes its digest. The file stays when this throws; staging is cleaned by
  /// whoever made it.
  static StagedBlob write(Path file, Source source) throws IOException {
    MessageDigest digest = Digest.start();
    long size = 0;
    byte[] buffer = new byte[BUFFER];
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int n = source.read(buffer, 0, BUFFER); n >= 0; n = source.read(buffer, 0, BUFFER)) {
        digest.update(buffer, 0, n);
        size += n;
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    }
    return new StagedBlob(file, Digest.finish(digest.digest()), size);
  }

  /// Refuses a blob that is not what a descriptor says.
  StagedBlob require(Descriptor descriptor) {
    if (!digest.equals(descriptor.checkedDigest()) || size != descriptor.size()) {
      throw new ImageException(
          "digest_mismatch",
          "blob %s: its content is %s of %d bytes, expected were %d bytes"
              .formatted(descriptor.checkedDigest(), digest, size, descriptor.size()));
    }
    return this;
  }

  /// Reads a small document.
  byte[] read(int limit) throws IOException {
    if (size > limit) {
      throw new ImageException(
          "too_large", "document %s has %d bytes, limit %d".formatted(digest, size, limit));
    }
    return Files.readAllBytes(file);
  }
}
