package io.boxlite.cli.terminal;

import io.boxlite.cli.terminal.Terminal.RawMode;
import java.util.concurrent.CountDownLatch;

/// Ends in raw mode, in the way that its argument says.
public final class RawModeMain {
  private RawModeMain() {}

  /// Runs on a terminal of the test.
  ///
  /// @param arguments how to end
  /// @throws Exception as asked for
  public static void main(String[] arguments) throws Exception {
    PosixTerminal terminal = new PosixTerminal();
    RawMode raw = terminal.raw();
    new ProcessBuilder("stty", "-a").inheritIO().start().waitFor();
    System.out.println("size " + terminal.size().orElseThrow());
    switch (arguments[0]) {
      case "close" -> {
        raw.close();
        raw.close();
      }
      case "exit" -> System.exit(3);
      case "throw" -> throw new IllegalStateException("asked for");
      case "signal" -> {
        new ProcessBuilder("kill", "-TERM", Long.toString(ProcessHandle.current().pid()))
            .start()
            .waitFor();
        new CountDownLatch(1).await();
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }
}
