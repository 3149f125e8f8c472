package io.boxlite.image.internal.store;

import io.boxlite.api.StorageException;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The blobs of the store, by digest. Thread-safe.
final class BlobStore {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  private final StorePaths paths;

  BlobStore(StorePaths paths) {
    this.paths = paths;
  }

  boolean has(Digest digest) {
    return Files.isRegularFile(paths.blob(digest));
  }

  /// Moves a verified blob into the store, unless it is there.
  void adopt(StagedBlob blob) throws IOException {
    Path target = paths.blob(blob.digest());
    if (Files.isRegularFile(target) && Files.size(target) == blob.size()) {
      return;
    }
    try (FileChannel channel = FileChannel.open(blob.file(), StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Staging.rename(blob.file(), target);
  }

  InputStream open(Digest digest) throws IOException {
    return Files.newInputStream(existing(digest));
  }

  /// Reads a small document of the store and verifies it again: others may have written there.
  byte[] read(Digest digest, int limit) throws IOException {
    Path file = existing(digest);
    byte[] content = new StagedBlob(file, digest, Files.size(file)).read(limit);
    if (!Digest.of(content).equals(digest)) {
      throw new StorageException(
          "corrupt_blob",
          "blob " + digest + " of the image store is corrupt; load the image again");
    }
    return content;
  }

  /// Deletes a blob that is not what its name says, so that it is fetched again.
  void deleteIfCorrupt(Digest digest) throws IOException {
    MessageDigest actual = Digest.start();
    try (InputStream in = new DigestInputStream(open(digest), actual)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    if (!Digest.finish(actual.digest()).equals(digest)) {
      Files.delete(paths.blob(digest));
    }
  }

  /// Deletes blobs.
  ///
  /// @return bytes that were freed
  long deleteAllBut(Set<Digest> kept) throws IOException {
    Set<String> names = kept.stream().map(Digest::hex).collect(Collectors.toSet());
    return Staging.deleteAll(paths.blobs(), name -> !names.contains(name));
  }

  /// {@return bytes of the blobs that are wanted}
  long bytes(Predicate<Digest> wanted) throws IOException {
    return Staging.bytes(
        Staging.files(paths.blobs(), name -> HEX.matcher(name).matches()).stream()
            .filter(file -> wanted.test(new Digest(String.valueOf(file.getFileName()))))
            .toList());
  }

  private Path existing(Digest digest) {
    if (!has(digest)) {
      throw new StorageException(
          "missing_blob",
          "blob " + digest + " is missing in the image store; load the image again");
    }
    return paths.blob(digest);
  }
}
