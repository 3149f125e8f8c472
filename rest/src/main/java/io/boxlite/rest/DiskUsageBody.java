package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a home takes on disk. Immutable.
///
/// @param rows one for each kind of things
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record DiskUsageBody(@Nullable List<Row> rows) {
  /// One kind of things.
  ///
  /// @param kind name of the kind
  /// @param total how many there are
  /// @param active how many of these are in use
  /// @param sizeBytes what they take
  /// @param reclaimableBytes what removing those not in use would free
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Row(
      @Nullable String kind, int total, int active, long sizeBytes, long reclaimableBytes) {}
}
