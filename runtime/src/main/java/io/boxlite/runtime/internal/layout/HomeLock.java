package io.boxlite.runtime.internal.layout;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The exclusive ownership of a home directory. The kernel gives it back when the process ends, in
/// whatever way.
///
/// Thread-safe.
public final class HomeLock implements AutoCloseable {
  /// Homes that this process owns. They must not even be opened again: POSIX takes the locks of a
  /// process away when it closes any descriptor of the file.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private HomeLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /// Takes the ownership when it is free.
  ///
  /// @param file the lock file, made when missing
  /// @return the lock, or empty when a process (this one included) holds it
  /// @throws StorageException if the file cannot be opened
  public static Optional<HomeLock> tryAcquire(Path file) {
    try {
      Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent()).toRealPath();
      Path real = directory.resolve(file.getFileName());
      if (!HELD.add(real)) {
        return Optional.empty();
      }
      Optional<HomeLock> lock = Optional.empty();
      try {
        lock = lock(real);
        return lock;
      } finally {
        if (lock.isEmpty()) {
          HELD.remove(real);
        }
      }
    } catch (IOException e) {
      throw new StorageException(
          "lock_failed",
          "lock " + file + ": " + e + "; check that the home is writable",
          e,
          Map.of("path", file.toString()));
    }
  }

  private static Optional<HomeLock> lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(new HomeLock(file, channel));
      }
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return Optional.empty();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing depends on it any more: the process gives the lock back at its end at the latest.
    }
    HELD.remove(file);
  }
}
