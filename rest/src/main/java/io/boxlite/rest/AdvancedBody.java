package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rarely used options of a new box. Immutable.
///
/// @param capabilities Linux capabilities
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record AdvancedBody(@Nullable Capabilities capabilities) {
  /// Changes to the default capabilities.
  ///
  /// @param add names to add
  /// @param drop names to drop
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Capabilities(@Nullable List<String> add, @Nullable List<String> drop) {}
}
