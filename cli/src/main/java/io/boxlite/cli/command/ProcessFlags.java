package io.boxlite.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// The flags that describe a process: environment, directory, user, terminal.
final class ProcessFlags {
  private ProcessFlags() {}

  static void addEnvironment(CommandSpec spec) {
    spec.addOption(
        Specs.texts(
            "K[=V]", "Set a variable; without a value, the one of this shell", "-e", "--env"));
    spec.addOption(Specs.text("DIR", "Working directory", "-w", "--workdir"));
  }

  static void addStreams(CommandSpec spec) {
    spec.addOption(Specs.flag("Forward standard input", "-i", "--interactive"));
    spec.addOption(Specs.flag("Give the command a terminal; implies -i", "-t", "--tty"));
    spec.addOption(Specs.text("USER[:GROUP]", "User, by name or number", "-u", "--user"));
  }

  static boolean tty(ParseResult parsed) {
    return Specs.has(parsed, "--tty");
  }

  static boolean interactive(ParseResult parsed) {
    return Specs.has(parsed, "--interactive") || tty(parsed);
  }

  static Optional<String> workdir(ParseResult parsed) {
    return Optional.ofNullable(parsed.<String>matchedOptionValue("--workdir", null));
  }

  static Optional<String> user(ParseResult parsed) {
    return Optional.ofNullable(parsed.<String>matchedOptionValue("--user", null));
  }

  static Map<String, String> env(ParseResult parsed, CliContext context) {
    Map<String, String> env = new LinkedHashMap<>();
    List<String> given = Specs.list(parsed, "--env");
    for (String entry : given) {
      int equals = entry.indexOf('=');
      String name = equals < 0 ? entry : entry.substring(0, equals);
      if (name.isEmpty()) {
        throw CliException.failure("invalid --env '" + entry + "': the name is empty");
      }
      if (equals >= 0) {
        env.put(name, entry.substring(equals + 1));
      } else if (context.environment().containsKey(name)) {
        env.put(name, context.environment().getOrDefault(name, ""));
      } else {
        context.warn("environment variable '" + name + "' is not set here, skipped");
      }
    }
    return env;
  }
}
