package io.boxlite.cli.terminal;

import java.util.Optional;

/// The terminal that standard input may be.
///
/// @since 0.1
public interface Terminal {
  /// {@return whether standard input is a terminal}
  boolean isTerminal();

  /// {@return whether standard error is a terminal}
  boolean showsErrors();

  /// {@return the size of the terminal, if there is one that knows it}
  Optional<Size> size();

  /// {@return whether standard output is a terminal}
  boolean showsOutput();

  /// {@return the size of the terminal that standard error is, if it knows it}
  Optional<Size> errorsSize();

  /// Switches to raw mode: every key goes to the reader at once, without echo or signals.
  ///
  /// @return what switches back
  RawMode raw();

  /// The size of a terminal. Immutable.
  ///
  /// @param rows lines
  /// @param cols characters in a line
  /// @since 0.1
  record Size(int rows, int cols) {}

  /// Raw mode, as long as it is not closed. Thread-safe.
  ///
  /// @since 0.1
  interface RawMode extends AutoCloseable {
    /// Restores the terminal as it was. A second call does nothing.
    @Override
    void close();
  }
}
