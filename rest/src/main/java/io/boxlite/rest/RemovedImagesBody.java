package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the removal of images did. Immutable.
///
/// @param untagged names that are gone
/// @param deleted digests of manifests whose image is gone
/// @param freedBytes bytes that were deleted
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record RemovedImagesBody(
    @Nullable List<String> untagged, @Nullable List<String> deleted, long freedBytes) {}
