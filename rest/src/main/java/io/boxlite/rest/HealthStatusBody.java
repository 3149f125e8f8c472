package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the health check of a box came to. Dates are RFC 3339. Immutable.
///
/// @param state `starting`, `healthy` or `unhealthy`
/// @param failures probes that failed in a row
/// @param lastCheck when the last probe ended
/// @param log the last probes, oldest first
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record HealthStatusBody(
    String state, int failures, @Nullable String lastCheck, @Nullable List<Probe> log) {
  /// One run of the check's command.
  ///
  /// @param start when it began
  /// @param end when it ended
  /// @param exitCode its code, 128 + signal, or -1 when it has none
  /// @param output the beginning of what it wrote
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Probe(String start, String end, int exitCode, String output) {}
}
