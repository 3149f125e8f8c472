package io.boxlite.runtime.internal.log;

import io.boxlite.api.LogChunk;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;

/// How init's log is stored: records one after the other, each with a head of 24 bytes, big-endian:
///
/// ```
/// u32 magic | u8 kind | u24 length | i64 time | i64 offset | bytes
/// ```
///
/// The offset counts the bytes of that stream since the box was started; so a supervisor that takes
/// a running box over knows what of the agent's output is in the log already.
///
/// @param kind what it is
/// @param time when it was received, in nanoseconds since 1970
/// @param offset of its first byte in its stream
/// @param length of its bytes
record LogRecord(Kind kind, long time, long offset, int length) {
  static final int HEAD_BYTES = 24;

  /// Most bytes of one record.
  static final int MAX_LENGTH = 64 * 1024;

  private static final int MAGIC = 0xb0_11_09_01;
  private static final int KIND_SHIFT = 24;
  private static final int LENGTH_MASK = (1 << KIND_SHIFT) - 1;
  private static final long NANOS = 1_000_000_000;

  /// What a record is; the order is that of the numbers in the file.
  enum Kind {
    /// The box was started: offsets begin at 0 again. Has no bytes.
    RUN(0),
    /// Output on stdout.
    STDOUT(1),
    /// Output on stderr.
    STDERR(2);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    /// {@return the kind of a number in a file}
    static Optional<Kind> of(int number) {
      return switch (number) {
        case 0 -> Optional.of(RUN);
        case 1 -> Optional.of(STDOUT);
        case 2 -> Optional.of(STDERR);
        default -> Optional.empty();
      };
    }

    static Kind of(LogChunk.Source source) {
      return source == LogChunk.Source.STDERR ? STDERR : STDOUT;
    }

    LogChunk.Source source() {
      return this == STDERR ? LogChunk.Source.STDERR : LogChunk.Source.STDOUT;
    }
  }

  static LogRecord of(Kind kind, Instant time, long offset, int length) {
    return new LogRecord(kind, time.getEpochSecond() * NANOS + time.getNano(), offset, length);
  }

  Instant instant() {
    return Instant.ofEpochSecond(Math.floorDiv(time, NANOS), Math.floorMod(time, NANOS));
  }

  void writeHead(ByteBuffer to) {
    to.putInt(MAGIC).putInt((kind.number << KIND_SHIFT) | length).putLong(time).putLong(offset);
  }

  /// Reads a head.
  ///
  /// @param from at least [#HEAD_BYTES]
  /// @return the record, or empty when this is none
  static Optional<LogRecord> readHead(ByteBuffer from) {
    int magic = from.getInt();
    int word = from.getInt();
    long time = from.getLong();
    long offset = from.getLong();
    Optional<Kind> kind = Kind.of(word >>> KIND_SHIFT);
    int length = word & LENGTH_MASK;
    if (magic != MAGIC || kind.isEmpty() || length > MAX_LENGTH || offset < 0) {
      return Optional.empty();
    }
    return Optional.of(new LogRecord(kind.get(), time, offset, length));
  }
}
