package io.boxlite.image.internal.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// One way to log in that a server offers: RFC 9110, section 11.6.1. Immutable.
///
/// @param scheme in lower case, such as `bearer`
/// @param parameters by lower-case name
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int MAX_LENGTH = 16 << 10;

  /// Reads all challenges of all `WWW-Authenticate` headers. What is malformed ends its header.
  static List<Challenge> parse(List<String> headers) {
    List<Challenge> challenges = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= MAX_LENGTH) {
        new Parser(header).readInto(challenges);
      }
    }
    return challenges;
  }

  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  private static final class Parser {
    private final String text;
    private int position;

    Parser(String text) {
      this.text = text;
    }

    void readInto(List<Challenge> challenges) {
      skip(" \t,");
      while (position < text.length()) {
        String scheme = token();
        if (scheme.isEmpty()) {
          return;
        }
        Map<String, String> parameters = new HashMap<>();
        boolean good = readParameters(parameters);
        challenges.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters));
        if (!good) {
          return;
        }
        skip(" \t,");
      }
    }

    // A word that no "=" follows is the scheme of the next challenge; "word==" is a token68.
    private boolean readParameters(Map<String, String> parameters) {
      while (true) {
        skip(" \t,");
        int start = position;
        String name = token();
        if (name.isEmpty()) {
          return position == text.length();
        }
        skip(" \t");
        if (!at('=')) {
          position = start;
          return true;
        }
        position++;
        skip(" \t");
        if (position == text.length() || at('=') || at(',')) {
          skip("=");
          continue;
        }
        String value = at('"') ? quoted() : token();
        parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), value);
        skip(" \t");
        if (position < text.length() && !at(',')) {
          return false;
        }
      }
    }

    private String quoted() {
      StringBuilder value = new StringBuilder();
      position++;
      while (position < text.length()) {
        char c = text.charAt(position++);
        if (c == '"') {
          break;
        }
        if (c == '\\' && position < text.length()) {
          c = text.charAt(position++);
        }
        value.append(c);
      }
      return value.toString();
    }

    // Wider than the grammar's: some servers leave out the quotes of a URL.
    private String token() {
      int start = position;
      while (position < text.length() && " \t,=\"".indexOf(text.charAt(position)) < 0) {
        position++;
      }
      return text.substring(start, position);
    }

    private boolean at(char c) {
      return position < text.length() && text.charAt(position) == c;
    }

    private void skip(String characters) {
      while (position < text.length() && characters.indexOf(text.charAt(position)) >= 0) {
        position++;
      }
    }
  }
}
