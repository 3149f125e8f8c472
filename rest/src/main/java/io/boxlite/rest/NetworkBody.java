package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Network of a new box in both published shapes: flat, or by direction. Immutable.
///
/// @param mode `enabled` or `disabled`
/// @param allowNet what may be reached; empty: everything
/// @param denyNet what may not be reached
/// @param bytesPerSecond most bytes a second in each direction
/// @param connections most connections at once
/// @param outbound what the box may reach
/// @param inbound who may reach the box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record NetworkBody(
    @Nullable String mode,
    @Nullable List<String> allowNet,
    @Nullable List<String> denyNet,
    @Nullable Long bytesPerSecond,
    @Nullable Integer connections,
    @Nullable Direction outbound,
    @Nullable Direction inbound) {
  /// Rules of one direction.
  ///
  /// @param mode `enabled` or `disabled`
  /// @param allowNet hosts that are allowed
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Direction(@Nullable String mode, @Nullable List<String> allowNet) {}
}
