package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Network of a new box in both published shapes: flat, or by direction. Immutable.
///
/// @param mode `enabled` or `disabled`
/// @param allowNet hosts that may be reached
/// @param outbound what the box may reach
/// @param inbound who may reach the box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record NetworkBody(
    @Nullable String mode,
    @Nullable List<String> allowNet,
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
