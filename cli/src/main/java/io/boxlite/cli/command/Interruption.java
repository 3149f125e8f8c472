package io.boxlite.cli.command;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/// Has the first signal that would end this process do something else, as long as it is not closed;
/// the second one ends it.
final class Interruption implements AutoCloseable {
  private final Map<Signal, SignalHandler> previous = new ConcurrentHashMap<>();

  private Interruption() {}

  /// @param first called by another thread
  static Interruption by(Runnable first) {
    Interruption interruption = new Interruption();
    for (String name : new String[] {"HUP", "INT", "TERM"}) {
      Signal signal = new Signal(name);
      SignalHandler before =
          Signal.handle(
              signal,
              _ -> {
                interruption.close();
                first.run();
              });
      if (before.equals(SignalHandler.SIG_IGN)) {
        Signal.handle(signal, before); // as nohup wants it
      } else {
        interruption.previous.put(signal, before);
      }
    }
    return interruption;
  }

  @Override
  public void close() {
    previous.forEach(Signal::handle);
  }
}
