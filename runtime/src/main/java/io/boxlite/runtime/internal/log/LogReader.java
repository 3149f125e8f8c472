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
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Reads a log from its beginning, the part that was set aside first, and goes on with what is
/// written later while it is asked to. It follows the file when it is set aside meanwhile.
///
/// Confined to one thread, but [#close()] may come from any.
public final class LogReader extends InputStream {
  /// How long a writer's end can go unnoticed when it writes nothing more, in milliseconds.
  private static final long RECHECK_MILLIS = 500;

  private final Path file;
  private final BooleanSupplier goesOn;
  private final @Nullable WatchService watch;
  private @Nullable FileChannel channel;
  private @Nullable Object openedKey;
  private boolean previousRead;

  private LogReader(Path file, BooleanSupplier goesOn, @Nullable WatchService watch) {
    this.file = file;
    this.goesOn = goesOn;
    this.watch = watch;
  }

  /// Opens a log that ends where it ends now.
  ///
  /// @param file need not exist
  /// @return the reader
  public static LogReader open(Path file) {
    return new LogReader(file, () -> false, null);
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
      return new LogReader(file, goesOn, watch);
    } catch (IOException e) {
      throw new StorageException(
          "log_not_readable",
          "follow " + file + ": " + e + "; read it without following",
          e,
          Map.of("path", file.toString()));
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
    while (true) {
      // Asked before reading: what was written before the end is then certain to be read.
      boolean more = watch != null && goesOn.getAsBoolean();
      int count = readNow(target, offset, length);
      if (count > 0) {
        return count;
      }
      if (openNext()) {
        continue;
      }
      if (!more || !awaitChange()) {
        return -1;
      }
    }
  }

  private int readNow(byte[] target, int offset, int length) throws IOException {
    return channel == null ? -1 : channel.read(ByteBuffer.wrap(target, offset, length));
  }

  /// Opens the part that was set aside, then the file, then each file that takes its place.
  private boolean openNext() throws IOException {
    boolean previous = !previousRead && channel == null;
    Path next = previous ? InitLog.previous(file) : file;
    previousRead = true;
    try {
      Object key = Files.readAttributes(next, BasicFileAttributes.class).fileKey();
      if (Objects.equals(key, openedKey)) {
        return false;
      }
      FileChannel opened = FileChannel.open(next, StandardOpenOption.READ);
      if (channel != null) {
        channel.close();
      }
      channel = opened;
      openedKey = key;
      return true;
    } catch (NoSuchFileException _) {
      return previous && openNext();
    }
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
    if (channel != null) {
      channel.close();
    }
  }
}
