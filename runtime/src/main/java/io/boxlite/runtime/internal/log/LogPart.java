package io.boxlite.runtime.internal.log;

import io.boxlite.api.LogChunk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/// One file of a log, read from its beginning while another may append to it. Keeps the file when
/// that is set aside. Confined to one thread, but [#close()] may come from any.
final class LogPart implements Closeable {
  private static final int BUFFER_BYTES = 2 * LogRecord.MAX_LENGTH;
  private static final int RAW_BYTES = 32 * 1024;

  private final FileChannel channel;
  private final Object key;
  private final boolean records;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();

  /// What was there when it was opened.
  private long early;

  private long limit;

  /// Of what is read into the buffer next.
  private long position;

  private LogPart(FileChannel channel, Object key, boolean records) throws IOException {
    this.channel = channel;
    this.key = key;
    this.records = records;
    this.early = channel.size();
    this.limit = early;
  }

  /// Opens a file, to be read up to its present end.
  ///
  /// @param file which
  /// @param records whether it has records, or is plain
  /// @return empty when it does not exist
  static Optional<LogPart> open(Path file, boolean records) throws IOException {
    while (true) {
      Optional<Object> key = key(file);
      if (key.isEmpty()) {
        return Optional.empty();
      }
      FileChannel channel;
      try {
        channel = FileChannel.open(file, StandardOpenOption.READ);
      } catch (NoSuchFileException _) {
        return Optional.empty();
      }
      try {
        // Another may have got the name in between.
        if (key(file).equals(key)) {
          return Optional.of(new LogPart(channel, key.get(), records));
        }
        channel.close();
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }
  }

  /// {@return what tells the file that has a name now from any other, or empty if there is none}
  static Optional<Object> key(Path file) throws IOException {
    try {
      return Optional.of(Files.readAttributes(file, BasicFileAttributes.class).fileKey());
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  Object key() {
    return key;
  }

  /// Begins at the beginning again.
  ///
  /// @param endless whether it is read beyond what was there when it was opened
  void rewind(boolean endless) {
    limit = endless ? Long.MAX_VALUE : early;
    position = 0;
    buffer.clear().flip();
  }

  /// All of it is new: it was opened because it took the place of another.
  void isNew() {
    rewind(true);
    early = 0;
  }

  /// {@return what comes next, or empty when there is nothing whole now}
  Optional<LogEntry> next() throws IOException {
    return records ? nextOutput() : nextRaw();
  }

  private Optional<LogEntry> nextRaw() throws IOException {
    if (!buffer.hasRemaining() && !fill()) {
      return Optional.empty();
    }
    byte[] bytes = take(Math.min(buffer.remaining(), RAW_BYTES));
    return Optional.of(new LogEntry(LogChunk.Source.STDOUT, Instant.EPOCH, bytes, isEarly()));
  }

  private Optional<LogEntry> nextOutput() throws IOException {
    Optional<LogRecord> next = nextRecord();
    while (next.isPresent() && next.get().length() == 0) {
      next = nextRecord();
    }
    if (next.isEmpty()) {
      return Optional.empty();
    }
    LogRecord record = next.get();
    byte[] bytes = take(record.length());
    return Optional.of(new LogEntry(record.kind().source(), record.instant(), bytes, isEarly()));
  }

  /// {@return the head of the next record, whose bytes are in the buffer, or empty when there is no
  /// whole one now}
  private Optional<LogRecord> nextRecord() throws IOException {
    Optional<LogRecord> record = Optional.empty();
    if (has(LogRecord.HEAD_BYTES)) {
      record =
          LogRecord.readHead(buffer.duplicate())
              .filter(head -> head.length() == 0 || head.kind() != LogRecord.Kind.RUN);
    }
    if (record.isPresent() && has(LogRecord.HEAD_BYTES + record.get().length())) {
      buffer.position(buffer.position() + LogRecord.HEAD_BYTES);
      return record;
    }
    // A part of a record is read again: it may be cut off and another take its place.
    position -= buffer.remaining();
    buffer.clear().flip();
    return Optional.empty();
  }

  /// Reads all records, for their heads only.
  ///
  /// @param visitor told each
  /// @return where the last whole one ends
  long scan(Consumer<LogRecord> visitor) throws IOException {
    Optional<LogRecord> record = nextRecord();
    while (record.isPresent()) {
      visitor.accept(record.get());
      buffer.position(buffer.position() + record.get().length());
      record = nextRecord();
    }
    return position;
  }

  private boolean has(int count) throws IOException {
    while (buffer.remaining() < count) {
      if (!fill()) {
        return false;
      }
    }
    return true;
  }

  private boolean fill() throws IOException {
    if (position > channel.size()) {
      position = 0; // it was emptied: see ForeignLog
      early = 0;
    }
    buffer.compact();
    if (limit - position < buffer.remaining()) {
      buffer.limit(buffer.position() + (int) Math.max(0, limit - position));
    }
    int count = channel.read(buffer, position);
    buffer.flip();
    position += Math.max(0, count);
    return count > 0;
  }

  private byte[] take(int count) {
    byte[] bytes = new byte[count];
    buffer.get(bytes);
    return bytes;
  }

  private boolean isEarly() {
    return position - buffer.remaining() <= early;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
