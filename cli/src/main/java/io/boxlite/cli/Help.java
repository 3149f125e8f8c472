package io.boxlite.cli;

import io.boxlite.cli.command.Verb;

/// The text of `boxlite --help`.
final class Help {
  private Help() {}

  static String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        Runs commands of OCI images in micro-VMs that are used like containers.

        Usage: boxlite [--home PATH] [--debug] COMMAND [ARGUMENTS]

        Commands:
        """);
    for (Verb verb : Verb.values()) {
      String word = verb.word();
      text.append("  ").append(word).repeat(' ', 12 - word.length());
      text.append(verb.command().spec().usageMessage().description()[0]);
      if (!verb.aliases().isEmpty()) {
        text.append(" (also: ").append(String.join(", ", verb.aliases())).append(')');
      }
      text.append('\n');
    }
    return text.append(
            """

            Options, before or after the command:
              --home PATH   Home directory (BOXLITE_HOME, default ~/.boxlite)
              --debug       Show details of failures
              -h, --help    Show help, also of a command
              -V, --version Show the version
            """)
        .toString();
  }
}
