package io.boxlite.client;

import io.boxlite.rest.JsonCodec;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/// An answer of one JSON value a line. Confined to one thread.
final class AnswerLines implements Closeable {
  private static final int MAX_LINE = 64 * 1024;

  private final InputStream from;

  AnswerLines(InputStream from) {
    this.from = from;
  }

  /// {@return the next value}
  ///
  /// @throws IOException if the answer ends before it does, or the line is too long
  /// @throws io.boxlite.api.ConfigException if it is not such a value
  <T> T next(Class<T> type) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = from.read(); next != '\n'; next = from.read()) {
      if (next < 0) {
        throw new IOException("the answer was cut");
      }
      if (line.size() == MAX_LINE) {
        throw new IOException("a line of the answer is longer than " + MAX_LINE + " bytes");
      }
      line.write(next);
    }
    return JsonCodec.read(type, line.toByteArray());
  }

  @Override
  public void close() throws IOException {
    from.close();
  }
}
