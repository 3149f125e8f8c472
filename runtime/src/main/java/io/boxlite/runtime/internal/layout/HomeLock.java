package io.boxlite.runtime.internal.layout;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/// The exclusive ownership of a home directory. The kernel gives it back when the process ends, in
/// whatever way.
///
/// Thread-safe.
public final class HomeLock implements AutoCloseable {
  private final FileChannel channel;

  private HomeLock(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes the ownership when it is free.
  ///
  /// @param file the lock file, made when missing
  /// @return the lock, or empty when a process (this one included) holds it
  /// @throws StorageException if the file cannot be opened
  public static Optional<HomeLock> tryAcquire(Path file) {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (holds(channel)) {
        return Optional.of(new HomeLock(channel));
      }
      channel.close();
      return Optional.empty();
    } catch (IOException e) {
      throw new StorageException(
          "lock_failed",
          "lock " + file + ": " + e + "; check that the home is writable",
          e,
          Map.of("path", file.toString()));
    }
  }

  private static boolean holds(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException _) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing depends on it any more: the process gives the lock back at its end at the latest.
    }
  }
}
