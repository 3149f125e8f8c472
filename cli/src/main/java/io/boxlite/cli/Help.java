package io.boxlite.cli;

import io.boxlite.cli.command.Group;
import io.boxlite.cli.command.Verb;

/// The text of `boxlite --help`.
final class Help {
  private Help() {}

  static String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        Runs commands of OCI images in micro-VMs that are used like containers.

        Usage: boxlite [OPTIONS] COMMAND [ARGUMENTS]

        Commands:
        """);
    for (Verb verb : Verb.values()) {
      String word = verb.word();
      text.append("  ").append(word).repeat(' ', 12 - word.length());
      text.append(verb.description());
      if (!verb.aliases().isEmpty()) {
        text.append(" (also: ").append(String.join(", ", verb.aliases())).append(')');
      }
      text.append('\n');
    }
    return text.append(
            """

            Options, before or after the command:
              --home PATH   Home directory (BOXLITE_HOME, default ~/.boxlite)
              --config FILE Configuration file (JSON): home_dir, image_registries
              --registry HOST
                            Search this registry first for names without one
              --debug       Show details of failures
              -h, --help    Show help, also of a command
              -V, --version Show the version
            """)
        .toString();
  }

  static String text(String word, Group group) {
    StringBuilder text = new StringBuilder();
    text.append(group.description()).append(".\n\nUsage: boxlite ").append(word);
    text.append(" COMMAND [ARGUMENTS]\n\nCommands:\n");
    for (String action : group.words()) {
      text.append("  ").append(action).repeat(' ', 12 - action.length());
      text.append(description(group, action)).append('\n');
    }
    return text.toString();
  }

  private static String description(Group group, String action) {
    return group
        .command(action)
        .map(command -> command.spec().usageMessage().description()[0])
        .orElse("");
  }
}
