package io.boxlite.api;

import java.util.Locale;

/// Where the VM of a start came from.
///
/// @since 0.1
public enum StartOrigin {
  /// It booted.
  COLD,
  /// It was restored from a template.
  TEMPLATE,
  /// It waited in the warm pool.
  WARM;

  /// {@return the name as REST and output have it}
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// {@return the origin of a name; [#COLD] if there is none of that name}
  ///
  /// @param name as REST has it
  public static StartOrigin ofWireName(String name) {
    for (StartOrigin origin : values()) {
      if (origin.wireName().equals(name)) {
        return origin;
      }
    }
    return COLD;
  }
}
