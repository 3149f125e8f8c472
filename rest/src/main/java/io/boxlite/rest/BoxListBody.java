package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Boxes, newest first. Immutable.
///
/// @param boxes the boxes
/// @param nextPageToken where the next page begins; absent at the end
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record BoxListBody(List<BoxBody> boxes, @Nullable String nextPageToken) {}
