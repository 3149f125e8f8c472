package io.boxlite.cli.command;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/// Short forms for the few shapes of flags and arguments that the verbs have.
final class Specs {
  private Specs() {}

  static OptionSpec flag(String description, String... names) {
    return OptionSpec.builder(names)
        .arity("0")
        .type(boolean.class)
        .description(description)
        .build();
  }

  static OptionSpec value(Class<?> type, String label, String description, String... names) {
    return OptionSpec.builder(names)
        .arity("1")
        .type(type)
        .paramLabel(label)
        .description(description)
        .build();
  }

  static OptionSpec text(String label, String description, String... names) {
    return value(String.class, label, description, names);
  }

  static OptionSpec texts(String label, String description, String... names) {
    return OptionSpec.builder(names)
        .arity("1")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  static PositionalParamSpec arguments(String label, String description) {
    return PositionalParamSpec.builder()
        .index("0..*")
        .arity("0..*")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .hideParamSyntax(true)
        .description(description)
        .build();
  }

  static CommandSpec command(String description) {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage().description(description);
    return spec;
  }

  static boolean has(ParseResult parsed, String flag) {
    return parsed.matchedOptionValue(flag, false);
  }

  static List<String> list(ParseResult parsed, String option) {
    return parsed.matchedOptionValue(option, List.of());
  }

  static List<String> arguments(ParseResult parsed) {
    return parsed.matchedPositionalValue(0, List.of());
  }

  static String onlyArgument(ParseResult parsed, String label) {
    List<String> arguments = arguments(parsed);
    if (arguments.size() > 1) {
      throw CliException.usage("unexpected argument '" + arguments.get(1) + "'");
    }
    return someArguments(parsed, label).getFirst();
  }

  static List<String> someArguments(ParseResult parsed, String label) {
    List<String> arguments = arguments(parsed);
    if (arguments.isEmpty()) {
      throw CliException.usage("missing argument: " + label);
    }
    return arguments;
  }

  /// {@return exactly two arguments}
  static List<String> pair(ParseResult parsed, String first, String second) {
    List<String> arguments = someArguments(parsed, first);
    if (arguments.size() < 2) {
      throw CliException.usage("missing argument: " + second);
    }
    if (arguments.size() > 2) {
      throw CliException.usage("unexpected argument '" + arguments.get(2) + "'");
    }
    return arguments;
  }

  static void noArguments(ParseResult parsed) {
    List<String> arguments = arguments(parsed);
    if (!arguments.isEmpty()) {
      throw CliException.usage("unexpected argument '" + arguments.getFirst() + "'");
    }
  }
}
