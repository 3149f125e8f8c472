package io.boxlite.cli.command;

import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.GoTemplate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Prints things as JSON, YAML, or by a template with one line for each.
final class Trees {
  /// Names that other tools use.
  private static final Map<String, String> ALIASES = Map.of("ID", "Id", "ImageID", "Image");

  /// Prints what was found.
  interface Printer {
    String print(List<Map<String, Object>> trees);
  }

  private Trees() {}

  /// {@return what prints in a format}
  ///
  /// @param format `json`, `yaml` or a template
  /// @param verb for the message that refuses `table`
  static Printer printer(String format, String verb) {
    if (Format.of(format).equals(Optional.of(Format.TABLE))) {
      throw CliException.failure(verb + " does not support table format");
    }
    return printer(format, () -> "");
  }

  /// {@return what prints in a format}
  ///
  /// @param format `table`, `json`, `yaml` or a template
  /// @param table makes the table
  static Printer printer(String format, Supplier<String> table) {
    Optional<Format> known = Format.of(format);
    if (known.isEmpty()) {
      GoTemplate template = template(format);
      return trees ->
          trees.stream().map(tree -> render(template, tree) + "\n").collect(Collectors.joining());
    }
    return switch (known.get()) {
      case JSON -> trees -> trees.isEmpty() ? "[]\n" : Format.json(trees);
      case YAML -> Format::yaml;
      case TABLE -> _ -> table.get();
    };
  }

  private static GoTemplate template(String source) {
    try {
      return GoTemplate.parse(source);
    } catch (IllegalArgumentException e) {
      throw CliException.failure("invalid --format: " + e.getMessage());
    }
  }

  private static String render(GoTemplate template, Map<String, Object> tree) {
    try {
      return template.render(tree, ALIASES);
    } catch (IllegalArgumentException e) {
      throw CliException.failure("invalid --format: " + e.getMessage());
    }
  }
}
