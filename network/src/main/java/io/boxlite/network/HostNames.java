package io.boxlite.network;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Host names as programs of a box write them.
final class HostNames {
  private static final int MAX_LENGTH = 253;
  private static final Pattern NAME = Pattern.compile("[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,63})*");

  private HostNames() {}

  /// {@return the name in lower case, without a dot at its end; empty if it is none}
  static Optional<String> of(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    boolean valid = name.length() <= MAX_LENGTH && NAME.matcher(name).matches();
    return valid ? Optional.of(name) : Optional.empty();
  }

  /// {@return the name of `name` or `name:port`}
  static Optional<String> ofAuthority(String text) {
    int colon = text.indexOf(':');
    return of(colon < 0 ? text : text.substring(0, colon));
  }
}
