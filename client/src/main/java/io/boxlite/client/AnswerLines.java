package io.boxlite.client;

import io.boxlite.rest.JsonCodec;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;

/// An answer of one JSON value a line. Confined to one thread but for [#leave].
final class AnswerLines implements Closeable {
  private static final int MAX_LINE = 64 * 1024;

  private final ResponseBody from;

  AnswerLines(ResponseBody from) {
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

  /// Tells the server that nothing more comes from here; it may still end its answer.
  void leave() throws IOException {
    from.leave();
  }

  @Override
  public void close() throws IOException {
    from.close();
  }
}
