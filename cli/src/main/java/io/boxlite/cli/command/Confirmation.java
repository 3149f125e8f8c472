package io.boxlite.cli.command;

import java.io.IOException;

/// Asks before something is lost.
final class Confirmation {
  private static final int MAX_LINE = 1024;

  private Confirmation() {}

  /// {@return whether the user typed `y`}
  static boolean ask(String warning, CliContext context) throws IOException {
    context.err().print("WARNING! " + warning + " Are you sure? [y/N] ");
    context.err().flush();
    return line(context).equalsIgnoreCase("y");
  }

  /// {@return the next line that the user types, without blanks around it}
  static String line(CliContext context) throws IOException {
    StringBuilder answer = new StringBuilder();
    int next = context.in().read();
    while (next >= 0 && next != '\n' && answer.length() < MAX_LINE) {
      answer.append((char) next);
      next = context.in().read();
    }
    return answer.toString().strip();
  }
}
