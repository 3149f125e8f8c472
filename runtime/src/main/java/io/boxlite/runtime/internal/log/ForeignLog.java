package io.boxlite.runtime.internal.log;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// A log that another process appends to, as QEMU does with the guest's console: a guest that
/// floods it must not fill the host's disk.
public final class ForeignLog {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private ForeignLog() {}

  /// Sets the newest content aside, up to the limit, when it has grown to that. The writer keeps
  /// its file, which it writes at the end of, wherever that is: so the file is copied and emptied,
  /// not renamed. What is written in between is lost.
  ///
  /// @param file need not exist
  public static void limit(Path file) {
    try {
      if (Files.size(file) < InitLog.LIMIT_BYTES) {
        return;
      }
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        keepEnd(channel, file);
        channel.truncate(0);
      }
    } catch (NoSuchFileException _) {
      // Nothing was written yet, or the box is gone.
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot limit {0}: {1}", file, e.toString());
    }
  }

  /// A disk that has no room for it is the last reason to let the log grow.
  private static void keepEnd(FileChannel channel, Path file) throws IOException {
    Path copy = file.resolveSibling(file.getFileName() + ".new");
    try {
      copyEnd(channel, copy);
      Files.move(copy, InitLog.previous(file), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot keep {0}: {1}", file, e.toString());
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  /// However much came since the last look, only the limit is kept.
  private static void copyEnd(FileChannel from, Path copy) throws IOException {
    try (FileChannel to =
        FileChannel.open(
            copy,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      long end = from.size();
      long position = Math.max(0, end - InitLog.LIMIT_BYTES);
      while (position < end) {
        long count = from.transferTo(position, end - position, to);
        if (count <= 0) {
          return; // it was emptied meanwhile
        }
        position += count;
      }
    }
  }
}
