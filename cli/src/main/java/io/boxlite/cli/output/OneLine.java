package io.boxlite.cli.output;

import java.util.Locale;

/// Text of unknown origin, such as what a guest said, for a terminal.
public final class OneLine {
  private OneLine() {}

  /// {@return the text with line ends and control characters written as escapes, such as `\\n`}
  ///
  /// @param text any
  public static String of(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(line, c));
    return line.toString();
  }

  private static void append(StringBuilder line, int c) {
    switch (c) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      default -> {
        if (isControl(c)) {
          line.append(String.format(Locale.ROOT, "\\u%04x", c));
        } else {
          line.appendCodePoint(c);
        }
      }
    }
  }

  /// Also those that end a line, or change the direction of what follows.
  private static boolean isControl(int c) {
    return Character.isISOControl(c)
        || c == 0x2028
        || c == 0x2029
        || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
  }
}
