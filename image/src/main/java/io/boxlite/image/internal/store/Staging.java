package io.boxlite.image.internal.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// The directory of unfinished files. It is on the file system of the store, so that a finished
/// file is renamed into place, and belongs to one store: whatever is in it when the store is opened
/// was left by a process that was killed, and is removed, but for blobs that a next pull can
/// resume. Thread-safe.
final class Staging {
  private static final Duration RESUMABLE_FOR = Duration.ofDays(7);

  private final Path directory;
  private final AtomicLong count = new AtomicLong();

  private Staging(Path directory) {
    this.directory = directory;
  }

  static Staging open(StorePaths paths) throws IOException {
    Path directory = paths.staging();
    Files.createDirectories(directory);
    clear(directory, Instant.now().minus(RESUMABLE_FOR));
    return new Staging(directory);
  }

  private static void clear(Path directory, Instant keptSince) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        if (!file.getFileName().toString().endsWith(StorePaths.PARTIAL_BLOB)
            || Files.getLastModifiedTime(file).toInstant().isBefore(keptSince)) {
          Files.delete(file);
        }
      }
    }
  }

  /// {@return a path that nothing has yet}
  Path newFile() {
    return directory.resolve("partial-" + count.incrementAndGet());
  }

  /// Gives a finished file, already on disk, its place.
  static void rename(Path file, Path target) throws IOException {
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    sync(Objects.requireNonNull(target.toAbsolutePath().getParent()));
  }

  // A new name survives a power failure only once its directory is on disk.
  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /// Deletes what failed pulls left.
  ///
  /// @param running whether the blob with these hex digits is being fetched
  /// @return bytes that were freed
  long deletePartialBlobs(Predicate<String> running) throws IOException {
    String end = StorePaths.PARTIAL_BLOB;
    return deleteAll(
        directory,
        name ->
            name.endsWith(end) && !running.test(name.substring(0, name.length() - end.length())));
  }

  /// {@return what failed pulls left, and what those that run have}
  List<Path> partialBlobs() throws IOException {
    return files(directory, name -> name.endsWith(StorePaths.PARTIAL_BLOB));
  }

  /// Deletes files of a directory by their names.
  ///
  /// @return bytes that were freed
  static long deleteAll(Path directory, Predicate<String> names) throws IOException {
    List<Path> files = files(directory, names);
    long freed = bytes(files);
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    return freed;
  }

  static List<Path> files(Path directory, Predicate<String> names) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> names.test(String.valueOf(file.getFileName()))).toList();
    }
  }

  static long bytes(List<Path> files) throws IOException {
    long bytes = 0;
    for (Path file : files) {
      try {
        bytes += Files.size(file);
      } catch (NoSuchFileException e) {
        // It has been renamed or deleted meanwhile.
      }
    }
    return bytes;
  }

  /// Replaces a small file at once.
  void replace(Path target, byte[] content) throws IOException {
    Path file = newFile();
    try {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      rename(file, target);
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
