package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// One line of the answer while an image is pulled or pushed: a step, or the end. Immutable.
///
/// @param progress a step
/// @param image what was pulled; the last line
/// @param digest of the manifest that was pushed; the last line
/// @param error why it failed; the last line
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TransferEventBody(
    @Nullable Progress progress,
    @Nullable ImageBody image,
    @Nullable String digest,
    ErrorBody.@Nullable Failure error) {
  /// A step with a layer.
  ///
  /// @param layer its digest
  /// @param stage what is done with it
  /// @param done bytes that have been transferred
  /// @param total bytes that it has
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Progress(@Nullable String layer, @Nullable String stage, long done, long total) {}
}
