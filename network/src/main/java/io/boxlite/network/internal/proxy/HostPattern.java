package io.boxlite.network.internal.proxy;

import java.util.List;
import java.util.Locale;

/// Hosts as secrets name them: a name, or `*.` and a suffix below which the name lies at any depth.
final class HostPattern {
  private HostPattern() {}

  static boolean matches(List<String> patterns, String host) {
    String name = normal(host);
    for (String pattern : patterns) {
      String wanted = normal(pattern);
      if (wanted.startsWith("*.")
          ? wanted.length() > 2
              && name.length() > wanted.length() - 1
              && name.endsWith(wanted.substring(1))
          : name.equals(wanted)) {
        return true;
      }
    }
    return false;
  }

  /// Lower case, without the dot at the end.
  static String normal(String host) {
    String lower = host.strip().toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /// {@return the host of `host[:port]`; empty when it is none}
  ///
  /// @param authority as a request has it
  static String ofAuthority(String authority) {
    String host = authority;
    if (authority.startsWith("[")) {
      int end = authority.indexOf(']');
      if (end < 0) {
        return "";
      }
      String rest = authority.substring(end + 1);
      if (!rest.isEmpty() && !isPort(rest)) {
        return "";
      }
      return authority.substring(1, end).chars().allMatch(c -> c == ':' || c == '.' || isHex(c))
          ? normal(authority.substring(1, end))
          : "";
    }
    int colon = authority.indexOf(':');
    if (colon >= 0) {
      if (!isPort(authority.substring(colon))) {
        return "";
      }
      host = authority.substring(0, colon);
    }
    return !host.isEmpty()
            && host.length() <= 255
            && host.chars().allMatch(HostPattern::isHostCharacter)
        ? normal(host)
        : "";
  }

  private static boolean isPort(String text) {
    return text.length() <= 6
        && text.charAt(0) == ':'
        && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
  }

  private static boolean isHex(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  private static boolean isHostCharacter(int c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '.'
        || c == '_';
  }
}
