package io.boxlite.runtime.internal.log;

import io.boxlite.api.BoxLog;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Reads a log, the part that was set aside first. It follows the file when that is set aside
/// meanwhile; a reader that falls behind by two limits misses what was set aside in between. It
/// needs the same memory however long the log is: lines are counted before they are shown, in the
/// same files, so nothing that is written or set aside meanwhile shifts the count.
///
/// Confined to one thread, but [#close()] may come from any.
public final class LogReader implements LogStream {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// How long a writer's end can go unnoticed when it writes nothing more, in milliseconds.
  private static final long RECHECK_MILLIS = 500;

  /// A chunk is not much larger.
  private static final int CHUNK_BYTES = 32 * 1024;

  private final Path file;
  private final LogOptions options;
  private final BooleanSupplier goesOn;
  private final @Nullable WatchService watch;
  private final ConcurrentLinkedDeque<LogPart> parts = new ConcurrentLinkedDeque<>();
  private LogLines lines = new LogLines(Long.MAX_VALUE, false);
  private Optional<LogChunk> held = Optional.empty();
  private volatile boolean closed;

  private LogReader(
      Path file, LogOptions options, BooleanSupplier goesOn, @Nullable WatchService watch) {
    this.file = file;
    this.options = options;
    this.goesOn = goesOn;
    this.watch = watch;
  }

  /// Opens a log.
  ///
  /// @param file need not exist; its directory must when it is followed
  /// @param options what of it; one that is not followed ends where it ends now
  /// @param goesOn whether more may be written; one that is followed ends when this is false and
  ///   all was read
  /// @return the reader
  /// @throws StorageException if it cannot be read
  public static LogReader open(Path file, LogOptions options, BooleanSupplier goesOn) {
    try {
      // Watched before it is looked at: nothing comes in between.
      WatchService watch = options.follow() ? watch(file) : null;
      LogReader reader = new LogReader(file, options, goesOn, watch);
      try {
        reader.begin();
        return reader;
      } catch (IOException | RuntimeException e) {
        reader.close();
        throw e;
      }
    } catch (IOException e) {
      throw new StorageException(
          "log_not_readable",
          "read log " + file + ": " + e + "; check its permissions",
          e,
          Map.of("path", file.toString()));
    }
  }

  private static WatchService watch(Path file) throws IOException {
    Path directory = Objects.requireNonNull(file.getParent());
    WatchService watch = directory.getFileSystem().newWatchService();
    try {
      directory.register(
          watch, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
      return watch;
    } catch (IOException e) {
      watch.close();
      throw e;
    }
  }

  private void begin() throws IOException {
    openBoth();
    long hidden = 0;
    if (options.tail().isPresent()) {
      for (LogPart part : parts) {
        Optional<LogEntry> entry = part.next();
        while (entry.isPresent()) {
          shown(entry.get());
          entry = part.next();
        }
      }
      hidden = Math.max(0, lines.begun() - options.tail().getAsLong());
    }
    lines = new LogLines(hidden, options.timestamps());
    parts.forEach(part -> part.rewind(options.follow()));
  }

  private void openBoth() throws IOException {
    Path previous = InitLog.previous(file);
    while (true) {
      Optional<LogPart> older = openPart(previous);
      openPart(file);
      if (LogPart.key(previous).equals(older.map(LogPart::key))) {
        return;
      }
      // The file was set aside in between.
      for (LogPart part = parts.poll(); part != null; part = parts.poll()) {
        part.close();
      }
    }
  }

  private Optional<LogPart> openPart(Path path) throws IOException {
    Optional<LogPart> opened = LogPart.open(path, options.log() == BoxLog.INIT);
    if (opened.isPresent()) {
      parts.addLast(opened.get());
      if (closed) {
        opened.get().close();
      }
    }
    return opened;
  }

  @Override
  public Optional<LogChunk> next() throws IOException {
    try {
      return nextShown();
    } catch (ClosedChannelException e) {
      if (closed) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Optional<LogChunk> nextShown() throws IOException {
    while (!closed) {
      // Asked before reading: what was written before the end is then certain to be read.
      boolean more = options.follow() && goesOn.getAsBoolean() && !isOver();
      Optional<LogChunk> chunk = held.isPresent() ? held : presentChunk();
      held = Optional.empty();
      if (chunk.isPresent()) {
        return Optional.of(gathered(chunk.get()));
      }
      if (parts.size() > 1) {
        parts.remove().close();
      } else if (!options.follow() || (!openNewPart() && (!more || !awaitChange()))) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /// Small writes to one stream become one chunk: each that is sent has its price.
  private LogChunk gathered(LogChunk first) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(first.bytes());
    while (bytes.size() < CHUNK_BYTES && held.isEmpty()) {
      Optional<LogChunk> next = presentChunk();
      if (next.isEmpty()) {
        break;
      }
      if (next.get().source() == first.source()) {
        bytes.writeBytes(next.get().bytes());
      } else {
        held = next;
      }
    }
    return new LogChunk(first.source(), bytes.toByteArray());
  }

  /// {@return what is to be shown next of the file that is read, or empty when it has no more now}
  private Optional<LogChunk> presentChunk() throws IOException {
    LogPart part = parts.peek();
    while (part != null) {
      Optional<LogEntry> entry = part.next();
      if (entry.isEmpty()) {
        break;
      }
      byte[] bytes = shown(entry.get());
      if (bytes.length > 0) {
        return Optional.of(new LogChunk(entry.get().source(), bytes));
      }
    }
    return Optional.empty();
  }

  /// {@return what is shown of an entry}
  private byte[] shown(LogEntry entry) {
    boolean early = options.since().isPresent() && entry.time().isBefore(options.since().get());
    boolean late = options.until().isPresent() && entry.time().isAfter(options.until().get());
    return early || late ? new byte[0] : lines.shape(entry);
  }

  /// {@return whether nothing more can be written at a time that is asked for}
  private boolean isOver() {
    return options.until().isPresent() && Instant.now().isAfter(options.until().get());
  }

  /// {@return whether another file has got the name, to be read next}
  private boolean openNewPart() throws IOException {
    LogPart last = parts.peekLast();
    Optional<Object> key = LogPart.key(file);
    if (key.isEmpty() || (last != null && last.key().equals(key.get()))) {
      return false;
    }
    Optional<LogPart> opened = openPart(file);
    opened.ifPresent(LogPart::isNew);
    return opened.isPresent();
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
  public void close() {
    closed = true;
    try {
      if (watch != null) {
        watch.close();
      }
      for (LogPart part : parts) {
        part.close();
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot close {0}: {1}", file, e.toString());
    }
  }
}
