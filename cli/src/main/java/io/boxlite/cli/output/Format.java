package io.boxlite.cli.output;

import io.avaje.jsonb.Jsonb;
import java.util.Locale;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/// The output formats of the listing commands.
///
/// @since 0.1
public enum Format {
  /// For people.
  TABLE,
  /// Indented JSON.
  JSON,
  /// YAML.
  YAML;

  /// Reads the value of a `--format` flag.
  ///
  /// @param name in any case
  /// @return the format, or empty when there is none of that name
  public static Optional<Format> of(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "table" -> Optional.of(TABLE);
      case "json" -> Optional.of(JSON);
      case "yaml" -> Optional.of(YAML);
      default -> Optional.empty();
    };
  }

  /// {@return a tree as indented JSON, with a final line end}
  ///
  /// @param tree maps, lists, strings, numbers, booleans
  public static String json(Object tree) {
    return Jsonb.instance().type(Object.class).toJsonPretty(tree) + "\n";
  }

  /// {@return a tree as JSON on one line}
  ///
  /// @param tree maps, lists, strings, numbers, booleans
  public static String jsonLine(Object tree) {
    return Jsonb.instance().type(Object.class).toJson(tree);
  }

  /// {@return a tree as YAML, followed by an empty line}
  ///
  /// @param tree maps, lists, strings, numbers, booleans
  public static String yaml(Object tree) {
    DumpSettings settings = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
    return new Dump(settings).dumpToString(tree) + "\n";
  }
}
