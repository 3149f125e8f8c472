package io.boxlite.api;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;

/// A command that runs, or ran, in a box. Bytes pass unchanged.
///
/// Take [#stdout()] and [#stderr()] before the first read or wait; until then everything is held
/// for you. Whoever has taken a stream must read it: an unread stream holds the command back once
/// 256 KiB wait (that is the back-pressure). From the first read or wait on, a stream that nobody
/// took keeps its newest 256 KiB only; with `detach`, and for a box's main command, from the start.
///
/// Thread-safe; each stream belongs to one thread at a time.
///
/// @since 0.1
public interface Execution {
  /// {@return the id, unique in the box}
  String id();

  /// {@return the command's stdin; closing it lets the command see the end of input}
  OutputStream stdin();

  /// {@return the command's stdout, or its terminal's output; always the same stream}
  InputStream stdout();

  /// {@return the command's stderr, empty with a terminal; always the same stream}
  InputStream stderr();

  /// Waits for the end of the command. May be called by any number of threads, also afterwards.
  ///
  /// @return how it ended
  /// @throws InterruptedException if the calling thread is interrupted
  /// @throws PortalException if the box ended first and the result is not known
  ExitStatus waitFor() throws InterruptedException;

  /// Waits a while for the end of the command.
  ///
  /// @param timeout how long
  /// @return how it ended, or empty when it still runs
  /// @throws InterruptedException if the calling thread is interrupted
  /// @throws PortalException if the box ended first and the result is not known
  Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException;

  /// Kills the command and everything that descends from it. Does nothing when it has ended.
  void kill();

  /// Sends a signal to the command itself.
  ///
  /// @param signal Linux signal number, 1 to 64
  /// @throws InvalidStateException if it has ended
  void signal(int signal);

  /// Sets the size of the terminal.
  ///
  /// @param rows 1 to 65535
  /// @param cols 1 to 65535
  /// @throws InvalidStateException if the command has no terminal
  void resize(int rows, int cols);
}
