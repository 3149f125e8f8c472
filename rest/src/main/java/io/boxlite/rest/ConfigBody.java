package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// What this server can do. Immutable.
///
/// @param capabilities its switches
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ConfigBody(Capabilities capabilities) {
  /// Features that a client asks for before it uses them.
  ///
  /// @param linuxCapabilitiesEnabled whether a box may name capabilities
  /// @param snapshotsEnabled whether snapshots work
  /// @param cloneEnabled whether clones work
  /// @param exportEnabled whether exports work
  /// @param importEnabled whether imports work
  /// @param idempotencyKeyLifetime how long a request with an idempotency key is not done again, as
  ///   a duration of ISO 8601
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Capabilities(
      boolean linuxCapabilitiesEnabled,
      boolean snapshotsEnabled,
      boolean cloneEnabled,
      boolean exportEnabled,
      boolean importEnabled,
      String idempotencyKeyLifetime) {}
}
