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
    return indented(jsonLine(tree)) + "\n";
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

  /// Two spaces a level. The library's own indented form of a tree breaks lines behind each key.
  private static String indented(String json) {
    StringBuilder out = new StringBuilder();
    int depth = 0;
    boolean quoted = false;
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      char before = i == 0 ? ' ' : json.charAt(i - 1);
      if (quoted) {
        out.append(c);
        if (c == '\\') {
          out.append(json.charAt(++i));
        }
        quoted = c != '"';
        continue;
      }
      boolean closes = c == '}' || c == ']';
      depth -= closes ? 1 : 0;
      if ((before == '{' || before == '[' || before == ',' || closes) && !isEmpty(before, c)) {
        out.append('\n').repeat(' ', 2 * depth);
      }
      out.append(c).append(c == ':' ? " " : "");
      depth += c == '{' || c == '[' ? 1 : 0;
      quoted = c == '"';
    }
    return out.toString();
  }

  private static boolean isEmpty(char open, char close) {
    return (open == '{' && close == '}') || (open == '[' && close == ']');
  }
}
