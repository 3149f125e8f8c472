package io.boxlite.runtime.internal.log;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// The log of what a box's init writes: appended to a file that is set aside when it has grown to a
/// limit, so that a box never takes more than twice the limit.
///
/// Thread-safe. A write never throws: a full disk must not hold back the box; it is said once in
/// the supervisor's log.
public final class InitLog extends OutputStream {
  /// Size at which the file is set aside, in bytes.
  static final long LIMIT_BYTES = 8L << 20;

  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private final Path file;
  private @Nullable OutputStream out;
  private long size;
  private boolean failed;

  /// Opens the log for appending.
  ///
  /// @param file made at the first write when missing
  public InitLog(Path file) {
    this.file = file;
  }

  /// {@return where the part before the last limit lies}
  ///
  /// @param file the log
  static Path previous(Path file) {
    return file.resolveSibling(file.getFileName() + ".1");
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) {
    try {
      OutputStream target = out == null || size >= LIMIT_BYTES ? reopen() : out;
      target.write(bytes, offset, length);
      size += length;
      failed = false;
    } catch (IOException e) {
      if (!failed) {
        LOG.log(System.Logger.Level.ERROR, "cannot write {0}: {1}", file, e.toString());
      }
      failed = true;
    }
  }

  private OutputStream reopen() throws IOException {
    close();
    size = Files.exists(file) ? Files.size(file) : 0;
    if (size >= LIMIT_BYTES) {
      Files.move(file, previous(file), StandardCopyOption.ATOMIC_MOVE);
      size = 0;
    }
    OutputStream opened =
        Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    out = opened;
    return opened;
  }

  @Override
  public synchronized void close() {
    if (out != null) {
      try {
        out.close();
      } catch (IOException _) {
        // Nothing is buffered.
      }
      out = null;
    }
  }
}
