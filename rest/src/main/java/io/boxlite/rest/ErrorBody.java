package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The envelope of every failure. Immutable.
///
/// @param error the failure
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ErrorBody(@Nullable Failure error) {
  /// One failure.
  ///
  /// @param message for people
  /// @param type class of the failure, as the contract names it
  /// @param code what programs decide by
  /// @param requestId id of the request, if known
  /// @param reason stable lower_snake detail
  /// @param details further facts
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Failure(
      @Nullable String message,
      @Nullable String type,
      @Nullable String code,
      @Nullable String requestId,
      @Nullable String reason,
      @Nullable Map<String, String> details) {}
}
