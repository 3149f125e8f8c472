package io.boxlite.api;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

/// What the health check of a running box came to. Immutable.
///
/// @param state the verdict
/// @param failures probes that failed in a row
/// @param log the last probes, oldest first, at most [#MAX_LOG]
/// @since 0.1
public record HealthStatus(State state, int failures, List<Probe> log) {
  /// How many probes are kept.
  public static final int MAX_LOG = 5;

  /// How much is kept of what a probe writes, in bytes.
  public static final int MAX_OUTPUT_BYTES = 4096;

  /// Copies the list.
  public HealthStatus {
    log = List.copyOf(log);
  }

  /// The verdicts.
  public enum State {
    /// No probe has succeeded yet, and not enough have failed.
    STARTING,
    /// It works.
    HEALTHY,
    /// As many probes in a row as the check says have failed.
    UNHEALTHY;

    /// {@return the name on the wire and in output, lower case}
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// {@return the verdict of a name; of one that is not known [#STARTING]}
    ///
    /// @param wireName lower-case name
    public static State ofWireName(String wireName) {
      for (State state : values()) {
        if (state.wireName().equals(wireName)) {
          return state;
        }
      }
      return STARTING;
    }
  }

  /// One run of the command.
  ///
  /// @param start when it began
  /// @param end when it ended
  /// @param exitCode its code, 128 + signal, or -1 when it could not be run or took too long
  /// @param output the beginning of what it wrote, as UTF-8, or why there is no code. The box says
  ///   this: it is not to be trusted
  public record Probe(Instant start, Instant end, int exitCode, String output) {}
}
