package io.boxlite.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/// A log as it is read. Confined to one thread, but [#close()] may come from any and ends a wait.
///
/// @since 0.1
public interface LogStream extends AutoCloseable {
  /// Takes what comes next; waits for it when the log is followed.
  ///
  /// @return the next bytes, or empty at the end
  /// @throws IOException if the log cannot be read
  Optional<LogChunk> next() throws IOException;

  @Override
  void close();

  /// {@return all of it in order of arrival, whichever stream it was written to; closing that
  /// closes this}
  default InputStream bytes() {
    return new LogBytes(this);
  }
}
