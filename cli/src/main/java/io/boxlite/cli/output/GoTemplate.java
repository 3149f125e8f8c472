package io.boxlite.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The part of Go's templates that `inspect --format` is used with: text, `{{.Path.To.Field}}`,
/// `{{.}}` and `{{json .Path}}`. Immutable.
///
/// @since 0.1
public final class GoTemplate {
  private sealed interface Part {}

  private record Text(String text) implements Part {}

  private record Field(String path, List<String> names, boolean json) implements Part {}

  private final List<Part> parts;

  private GoTemplate(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /// Reads a template.
  ///
  /// @param source the template
  /// @return it, to be rendered any number of times
  /// @throws IllegalArgumentException if it is not valid; says what is wrong
  public static GoTemplate parse(String source) {
    List<Part> parts = new ArrayList<>();
    int at = 0;
    while (true) {
      int open = source.indexOf("{{", at);
      if (open < 0) {
        parts.add(new Text(source.substring(at)));
        return new GoTemplate(parts);
      }
      int close = source.indexOf("}}", open);
      if (close < 0) {
        throw new IllegalArgumentException("unclosed action in template '" + source + "'");
      }
      parts.add(new Text(source.substring(at, open)));
      parts.add(action(source.substring(open + 2, close).strip()));
      at = close + 2;
    }
  }

  private static Part action(String action) {
    boolean json = action.startsWith("json ") || action.startsWith("json\t");
    String path = json ? action.substring(5).strip() : action;
    boolean valid = path.matches("\\.|(\\.[A-Za-z_][A-Za-z0-9_]*)+");
    if (!valid) {
      throw new IllegalArgumentException(
          "template action '{{"
              + action
              + "}}' is not supported: use {{.Field}}, {{.Field.Field}} or {{json .}}");
    }
    List<String> names = path.equals(".") ? List.of() : List.of(path.substring(1).split("\\."));
    return new Field(path, names, json);
  }

  /// Fills the template.
  ///
  /// @param tree maps, lists, strings, numbers, booleans
  /// @param aliases further names of fields, with the name in the tree
  /// @return the text
  /// @throws IllegalArgumentException if a field does not exist; names it
  public String render(Map<String, Object> tree, Map<String, String> aliases) {
    StringBuilder out = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Text(String text) -> out.append(text);
        case Field field -> {
          Object value = resolve(field, tree, aliases);
          out.append(field.json() ? Format.jsonLine(value) : plain(value));
        }
      }
    }
    return out.toString();
  }

  private static Object resolve(Field field, Object root, Map<String, String> aliases) {
    Object value = root;
    for (String name : field.names()) {
      Object next =
          value instanceof Map<?, ?> map ? map.get(aliases.getOrDefault(name, name)) : null;
      if (next == null) {
        throw new IllegalArgumentException(
            "template field '" + field.path() + "' does not exist: no '" + name + "'");
      }
      value = next;
    }
    return value;
  }

  /// As Go prints a value: `{Name:value Other:value}` and `[a b]`.
  private static String plain(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(e -> e.getKey() + ":" + plain(e.getValue()))
              .collect(Collectors.joining(" ", "{", "}"));
      case List<?> list ->
          list.stream().map(GoTemplate::plain).collect(Collectors.joining(" ", "[", "]"));
      default -> value.toString();
    };
  }
}
