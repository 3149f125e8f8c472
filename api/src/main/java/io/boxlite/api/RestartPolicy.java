package io.boxlite.api;

import java.util.Locale;

/// When a box whose main command ended, or whose VM died, is started again. Immutable.
///
/// @param kind the rule
/// @param maxRetries with [Kind#ON_FAILURE], after how many restarts it stays as it is, 0: never;
///   otherwise 0
/// @since 0.1
public record RestartPolicy(Kind kind, int maxRetries) {
  /// Never.
  public static final RestartPolicy NO = new RestartPolicy(Kind.NO, 0);

  /// The rules.
  public enum Kind {
    /// Never.
    NO,
    /// When it failed: its main command ended with a code other than 0, or its VM died.
    ON_FAILURE,
    /// Always, also by the next supervisor when a user had stopped it.
    ALWAYS,
    /// Always, unless a user had stopped it.
    UNLESS_STOPPED;

    /// {@return the name on the wire and on the command line}
    public String wireName() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /// Checks.
  ///
  /// @throws ConfigException if the number is negative, or given with another rule
  public RestartPolicy {
    new OptionChecks("restart")
        .require(
            maxRetries == 0 || kind == Kind.ON_FAILURE,
            "restart",
            "must not have a number of retries with '" + kind.wireName() + "'")
        .require(maxRetries >= 0, "restart", "must not have a negative number of retries")
        .throwIfAny();
  }

  /// {@return the policy of a rule without a number}
  ///
  /// @param kind the rule
  public static RestartPolicy of(Kind kind) {
    return new RestartPolicy(kind, 0);
  }

  /// Reads `no`, `on-failure[:n]`, `always` or `unless-stopped`.
  ///
  /// @param text as on the command line and on the wire
  /// @return the policy
  /// @throws ConfigException if it is none
  public static RestartPolicy parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    for (Kind kind : Kind.values()) {
      if (kind.wireName().equals(name)) {
        return new RestartPolicy(kind, colon < 0 ? 0 : retries(text, text.substring(colon + 1)));
      }
    }
    throw invalid(text);
  }

  private static int retries(String text, String number) {
    try {
      return Integer.parseInt(number);
    } catch (NumberFormatException e) {
      throw invalid(text);
    }
  }

  private static ConfigException invalid(String text) {
    return new ConfigException(
        "invalid_restart",
        "restart '" + text + "' must be no, on-failure[:n], always or unless-stopped");
  }

  /// {@return as [#parse] reads it}
  @Override
  public String toString() {
    return maxRetries == 0 ? kind.wireName() : kind.wireName() + ":" + maxRetries;
  }
}
