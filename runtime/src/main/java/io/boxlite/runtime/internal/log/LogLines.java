package io.boxlite.runtime.internal.log;

import io.boxlite.api.LogChunk;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// Cuts what is read of a log into the lines of each stream, to leave the first ones out and to put
/// times before the others. Confined to one thread.
final class LogLines {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z' ").withZone(ZoneOffset.UTC);

  private final long hidden;
  private final boolean timestamps;
  private final Line stdout = new Line();
  private final Line stderr = new Line();
  private long begun;

  /// The line of a stream that has not ended yet.
  private static final class Line {
    boolean open;
    boolean shown;
  }

  /// Takes what is to be done.
  ///
  /// @param hidden how many lines are left out; does not count for what is not early
  /// @param timestamps whether a line begins with its time
  LogLines(long hidden, boolean timestamps) {
    this.hidden = hidden;
    this.timestamps = timestamps;
  }

  /// {@return how many lines have begun}
  long begun() {
    return begun;
  }

  /// {@return what is shown of an entry}
  byte[] shape(LogEntry entry) {
    byte[] bytes = entry.bytes();
    if (hidden == 0 && !timestamps) {
      return bytes;
    }
    byte[] time = timestamps ? time(entry.time()) : new byte[0];
    Line line = entry.source() == LogChunk.Source.STDERR ? stderr : stdout;
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + time.length);
    int begin = 0;
    while (begin < bytes.length) {
      int end = begin;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      boolean ended = end < bytes.length;
      end += ended ? 1 : 0;
      if (!line.open) {
        begun++;
        line.shown = begun > hidden;
      }
      if (!entry.early()) {
        line.shown = true;
      }
      if (line.shown) {
        out.write(time, 0, line.open ? 0 : time.length);
        out.write(bytes, begin, end - begin);
      }
      line.open = !ended;
      begin = end;
    }
    return out.toByteArray();
  }

  private static byte[] time(Instant time) {
    return TIME.format(time).getBytes(StandardCharsets.US_ASCII);
  }
}
