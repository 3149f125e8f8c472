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

  /// Sets the content aside when it has grown to the limit. The writer keeps its file, which it
  /// writes at the end of, wherever that is: so the file is copied and emptied, not renamed. What
  /// is written in between is lost.
  ///
  /// @param file need not exist
  public static void limit(Path file) {
    try {
      if (Files.size(file) < InitLog.LIMIT_BYTES) {
        return;
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        Files.copy(file, InitLog.previous(file), StandardCopyOption.REPLACE_EXISTING);
        channel.truncate(0);
      }
    } catch (NoSuchFileException _) {
      // Nothing was written yet, or the box is gone.
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot limit {0}: {1}", file, e.toString());
    }
  }
}
