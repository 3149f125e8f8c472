package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.cli.terminal.Terminal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/// Passes signals that this process gets on to a command in a box, as long as it is not closed.
///
/// SIGQUIT is missing: HotSpot keeps it for itself. On a terminal in raw mode Ctrl-\ is a key like
/// any other and does arrive.
final class SignalForwarding implements AutoCloseable {
  private static final Map<String, Integer> FORWARDED = Map.of("HUP", 1, "INT", 2, "TERM", 15);

  private final Map<Signal, SignalHandler> previous = new LinkedHashMap<>();

  private SignalForwarding() {}

  /// Begins to forward; a terminal gets its present size at once, and each new one.
  static SignalForwarding to(Execution execution, Optional<Terminal> terminal) {
    SignalForwarding forwarding = new SignalForwarding();
    FORWARDED.forEach((name, number) -> forwarding.handle(name, () -> execution.signal(number)));
    terminal.ifPresent(present -> {
      forwarding.handle("WINCH", () -> resize(execution, present));
      quietly(() -> resize(execution, present));
    });
    return forwarding;
  }

  private static void resize(Execution execution, Terminal terminal) {
    terminal.size().ifPresent(size -> execution.resize(size.rows(), size.cols()));
  }

  private void handle(String name, Runnable action) {
    Signal signal = new Signal(name);
    previous.put(signal, Signal.handle(signal, ignored -> quietly(action)));
  }

  /// Does something to a command that may have ended meanwhile.
  static void quietly(Runnable action) {
    try {
      action.run();
    } catch (BoxliteException e) {
      // The command has just ended, or the connection has: the streams tell that.
      return;
    }
  }

  @Override
  public void close() {
    previous.forEach(Signal::handle);
  }
}
