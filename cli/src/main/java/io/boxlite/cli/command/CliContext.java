package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.cli.output.OneLine;
import io.boxlite.cli.terminal.Terminal;
import io.boxlite.client.RemoteBoxlite;
import io.boxlite.client.RemoteServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Supplier;

/// The world around a command: streams, environment, terminal and the runtime, which is opened when
/// a command first asks for it. Confined to one thread.
///
/// @since 0.1
public final class CliContext implements AutoCloseable {
  private final InputStream in;
  private final OutputStream rawOut;
  private final OutputStream rawErr;
  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final Supplier<Terminal> terminal;
  private final Supplier<Boxlite> opener;
  private Supplier<Boxlite> runtime;
  private Runnable closer = () -> {};

  /// Takes the world as it is given; closes none of the streams.
  ///
  /// @param in standard input; a read must end when its thread is interrupted
  /// @param rawOut standard output, unbuffered
  /// @param rawErr standard error, unbuffered
  /// @param environment environment variables
  /// @param terminal makes the access to the terminal
  /// @param opener opens the runtime
  public CliContext(
      InputStream in,
      OutputStream rawOut,
      OutputStream rawErr,
      Map<String, String> environment,
      Supplier<Terminal> terminal,
      Supplier<Boxlite> opener) {
    this.in = in;
    this.rawOut = rawOut;
    this.rawErr = rawErr;
    this.out = new PrintStream(rawOut, false, StandardCharsets.UTF_8);
    this.err = new PrintStream(rawErr, true, StandardCharsets.UTF_8);
    this.environment = Map.copyOf(environment);
    this.terminal = terminal;
    this.opener = opener;
    this.runtime = this::open;
  }

  private Boxlite open() {
    Boxlite opened = opener.get();
    runtime = () -> opened;
    closer = opened::close;
    return opened;
  }

  /// {@return standard input}
  public InputStream in() {
    return in;
  }

  /// {@return standard output for bytes, unbuffered}
  public OutputStream rawOut() {
    return rawOut;
  }

  /// {@return standard error for bytes, unbuffered}
  public OutputStream rawErr() {
    return rawErr;
  }

  /// {@return standard output for text}
  public PrintStream out() {
    return out;
  }

  /// {@return standard error for text}
  public PrintStream err() {
    return err;
  }

  /// {@return environment variables}
  public Map<String, String> environment() {
    return environment;
  }

  /// {@return access to the terminal}
  public Terminal terminal() {
    return terminal.get();
  }

  /// {@return the runtime, opened by the first call}
  public Boxlite boxlite() {
    return runtime.get();
  }

  /// {@return the supervisor of this home as a server of others}
  ///
  /// @throws CliException if the runtime is not one of this machine
  public RemoteServer server() {
    if (boxlite() instanceof RemoteBoxlite remote) {
      return remote.server();
    }
    throw CliException.failure("this needs a supervisor of this machine");
  }

  /// {@return the box}
  ///
  /// @param idOrName as the user typed it
  /// @throws CliException if there is no such box
  public Box box(String idOrName) {
    return boxlite()
        .get(idOrName)
        .orElseThrow(() -> CliException.failure("No such box: " + idOrName));
  }

  /// Shows a warning.
  ///
  /// @param message shown as one line
  public void warn(String message) {
    err.println("Warning: " + OneLine.of(message));
  }

  /// Shows a line of an error.
  ///
  /// @param message shown as one line
  public void error(String message) {
    err.println("Error: " + OneLine.of(message));
  }

  /// Writes what was printed, and leaves the runtime if it was opened.
  @Override
  public void close() {
    out.flush();
    err.flush();
    closer.run();
  }
}
