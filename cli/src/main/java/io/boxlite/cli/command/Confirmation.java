package io.boxlite.cli.command;

import java.io.IOException;

/// Asks before something is lost.
final class Confirmation {
  private Confirmation() {}

  /// {@return whether the user typed `y`}
  static boolean ask(String warning, CliContext context) throws IOException {
    context.err().print("WARNING! " + warning + " Are you sure? [y/N] ");
    context.err().flush();
    StringBuilder answer = new StringBuilder();
    int next = context.in().read();
    while (next >= 0 && next != '\n') {
      answer.append((char) next);
      next = context.in().read();
    }
    return answer.toString().strip().equalsIgnoreCase("y");
  }
}
