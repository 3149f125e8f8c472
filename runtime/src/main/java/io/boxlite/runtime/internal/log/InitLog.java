package io.boxlite.runtime.internal.log;

import io.boxlite.api.LogChunk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The log of what a box's init writes: [LogRecord]s, appended to a file that is set aside before
/// it grows beyond a limit, so that a box never takes more than twice the limit. A record that was
/// cut off, because its writer was killed or the disk was full, is removed before the next is
/// written.
///
/// Thread-safe. A write never throws: a full disk must not hold back the box; it is said once in
/// the supervisor's log.
public final class InitLog implements AutoCloseable {
  /// Most bytes of a file.
  static final long LIMIT_BYTES = 8L << 20;

  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private final Path file;

  /// Where each stream goes on.
  private final Map<LogRecord.Kind, Long> ends = new EnumMap<>(LogRecord.Kind.class);

  private @Nullable RandomAccessFile out;
  private long size;
  private boolean runRecorded;
  private boolean failed;

  private InitLog(Path file) {
    this.file = file;
  }

  /// Opens the log for a box that is started: what it writes begins at offset 0.
  ///
  /// @param file made when missing
  /// @return the log
  public static InitLog begin(Path file) {
    InitLog log = new InitLog(file);
    log.append(ByteBuffer.allocate(0), LogRecord.Kind.RUN, 0);
    return log;
  }

  /// Opens the log of a box that runs: what is in it already is not written once more.
  ///
  /// @param file as an earlier supervisor left it
  /// @return the log
  public static InitLog resume(Path file) {
    InitLog log = new InitLog(file);
    log.runRecorded = true;
    try {
      log.scan(previous(file));
      log.scan(file);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot read {0}: {1}", file, e.toString());
    }
    return log;
  }

  /// {@return where the part before the last limit lies}
  ///
  /// @param file the log
  static Path previous(Path file) {
    return file.resolveSibling(file.getFileName() + ".1");
  }

  /// Appends what init wrote, but for what is there already.
  ///
  /// @param source where to
  /// @param offset of the first byte in that stream, counted from the start of the box
  /// @param data what; read to its end
  public synchronized void write(LogChunk.Source source, long offset, ByteBuffer data) {
    LogRecord.Kind kind = LogRecord.Kind.of(source);
    long known = ends.getOrDefault(kind, 0L) - offset;
    data.position(data.position() + Math.clamp(known, 0, data.remaining()));
    long at = offset + Math.max(0, known);
    while (data.hasRemaining()) {
      ByteBuffer part =
          data.slice(data.position(), Math.min(data.remaining(), LogRecord.MAX_LENGTH));
      data.position(data.position() + part.remaining());
      at += part.remaining();
      append(part, kind, at - part.remaining());
      ends.put(kind, at);
    }
  }

  private synchronized void append(ByteBuffer bytes, LogRecord.Kind kind, long offset) {
    try {
      if (!runRecorded && kind != LogRecord.Kind.RUN) {
        write(LogRecord.Kind.RUN, 0, ByteBuffer.allocate(0));
      }
      write(kind, offset, bytes);
      failed = false;
    } catch (IOException e) {
      if (!failed) {
        LOG.log(System.Logger.Level.ERROR, "cannot write {0}: {1}", file, e.toString());
      }
      failed = true;
      close(); // opened anew, it is cut to its last whole record
    }
  }

  private void write(LogRecord.Kind kind, long offset, ByteBuffer bytes) throws IOException {
    ByteBuffer record = ByteBuffer.allocate(LogRecord.HEAD_BYTES + bytes.remaining());
    LogRecord.of(kind, Instant.now(), offset, bytes.remaining()).writeHead(record);
    record.put(bytes);
    RandomAccessFile target = out == null ? open() : out;
    if (size + record.capacity() > LIMIT_BYTES) {
      target = setAside();
    }
    target.write(record.array());
    size += record.capacity();
    runRecorded |= kind == LogRecord.Kind.RUN;
  }

  private RandomAccessFile open() throws IOException {
    Optional<LogPart> part = LogPart.open(file, true);
    size = 0;
    if (part.isPresent()) {
      try (LogPart present = part.get()) {
        size = present.scan(_ -> {});
      }
    }
    // Not a channel, which an interrupted thread would close.
    RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw");
    out = opened;
    opened.setLength(size);
    opened.seek(size);
    return opened;
  }

  private RandomAccessFile setAside() throws IOException {
    close();
    try {
      Files.move(file, previous(file), StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException _) {
      // Somebody removed it: that serves as well.
    }
    RandomAccessFile opened = open();
    // Where a stream went on must not be set aside twice, however long it is quiet.
    for (Map.Entry<LogRecord.Kind, Long> end : ends.entrySet()) {
      ByteBuffer mark = ByteBuffer.allocate(LogRecord.HEAD_BYTES);
      LogRecord.of(end.getKey(), Instant.now(), end.getValue(), 0).writeHead(mark);
      opened.write(mark.array());
      size += mark.capacity();
    }
    return opened;
  }

  private void scan(Path part) throws IOException {
    Optional<LogPart> opened = LogPart.open(part, true);
    if (opened.isPresent()) {
      try (LogPart present = opened.get()) {
        present.scan(this::learn);
      }
    }
  }

  private void learn(LogRecord record) {
    if (record.kind() == LogRecord.Kind.RUN) {
      ends.clear();
    } else {
      ends.put(record.kind(), record.offset() + record.length());
    }
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
