package io.boxlite.image.internal.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/// The directory of unfinished files. It is on the file system of the store, so that a finished
/// file is renamed into place, and belongs to one store: whatever is in it when the store is opened
/// was left by a process that was killed, and is removed. Thread-safe.
final class Staging {
  private final Path directory;
  private final AtomicLong count = new AtomicLong();

  private Staging(Path directory) {
    this.directory = directory;
  }

  static Staging open(StorePaths paths) throws IOException {
    Path directory = paths.staging();
    clear(directory);
    Files.createDirectories(directory);
    return new Staging(directory);
  }

  private static void clear(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
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
