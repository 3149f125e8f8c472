package io.boxlite.runtime.internal.log;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Reads a log from its beginning, the part that was set aside first, and goes on with what is
/// written later while it is asked to. It follows the file when that is set aside meanwhile; a
/// reader that falls behind by two limits misses what was set aside in between.
///
/// Confined to one thread, but [#close()] may come from any.
public final class LogReader extends InputStream {
  /// How long a writer's end can go unnoticed when it writes nothing more, in milliseconds.
  private static final long RECHECK_MILLIS = 500;

  private final Path file;
  private final BooleanSupplier goesOn;
  private final @Nullable WatchService watch;
  private final ArrayDeque<FileChannel> parts = new ArrayDeque<>();
  private @Nullable Object lastKey;

  /// What a reader that does not follow may still read: the log ends where it ended when it was
  /// opened, however fast the writer is.
  private long left = Long.MAX_VALUE;

  private LogReader(Path file, BooleanSupplier goesOn, @Nullable WatchService watch) {
    this.file = file;
    this.goesOn = goesOn;
    this.watch = watch;
  }

  /// Opens a log that ends where it ends now.
  ///
  /// @param file need not exist
  /// @return the reader
  /// @throws StorageException if it cannot be read
  public static LogReader open(Path file) {
    try {
      LogReader reader = new LogReader(file, () -> false, null);
      reader.openParts();
      reader.left = 0;
      for (FileChannel part : reader.parts) {
        reader.left += part.size();
      }
      return reader;
    } catch (IOException e) {
      throw failed("read", file, e);
    }
  }

  /// Opens a log and follows it.
  ///
  /// @param file need not exist yet, but its directory must
  /// @param goesOn whether more may be written
  /// @return the reader; at its end once `goesOn` is false and all was read
  /// @throws StorageException if the directory cannot be watched
  public static LogReader follow(Path file, BooleanSupplier goesOn) {
    try {
      Path directory = Objects.requireNonNull(file.getParent());
      WatchService watch = directory.getFileSystem().newWatchService();
      directory.register(
          watch, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
      LogReader reader = new LogReader(file, goesOn, watch);
      reader.openParts();
      return reader;
    } catch (IOException e) {
      throw failed("follow", file, e);
    }
  }

  private static StorageException failed(String action, Path file, IOException cause) {
    return new StorageException(
        "log_not_readable",
        action + " log " + file + ": " + cause + "; check its permissions",
        cause,
        Map.of("path", file.toString()));
  }

  private void openParts() throws IOException {
    openIfNew(InitLog.previous(file));
    openIfNew(file);
  }

  /// {@return whether there is a file by this name that was not the last one to be opened}
  private boolean openIfNew(Path part) throws IOException {
    try {
      Object key = Files.readAttributes(part, BasicFileAttributes.class).fileKey();
      if (Objects.equals(key, lastKey)) {
        return false;
      }
      parts.addLast(FileChannel.open(part, StandardOpenOption.READ));
      lastKey = key;
      return true;
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (left > 0) {
      // Asked before reading: what was written before the end is then certain to be read.
      boolean more = watch != null && goesOn.getAsBoolean();
      int count = readNow(target, offset, (int) Math.min(length, left));
      if (count > 0) {
        left -= watch == null ? count : 0;
        return count;
      }
      if (parts.size() > 1) {
        parts.removeFirst().close();
      } else if (watch == null || (!openIfNew(file) && (!more || !awaitChange()))) {
        return -1;
      }
    }
    return -1;
  }

  private int readNow(byte[] target, int offset, int length) throws IOException {
    FileChannel part = parts.peekFirst();
    if (part == null) {
      return -1;
    }
    if (part.position() > part.size()) {
      part.position(0); // it was emptied: see ForeignLog
    }
    return part.read(ByteBuffer.wrap(target, offset, length));
  }

  /// {@return false when the reader was closed meanwhile}
  private boolean awaitChange() throws IOException {
    try {
      WatchKey key = Objects.requireNonNull(watch).poll(RECHECK_MILLIS, TimeUnit.MILLISECONDS);
      if (key != null) {
        key.pollEvents();
        key.reset();
      }
      return true;
    } catch (ClosedWatchServiceException _) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while following " + file);
    }
  }

  @Override
  public void close() throws IOException {
    if (watch != null) {
      watch.close();
    }
    for (FileChannel part : parts) {
      part.close();
    }
  }
}
