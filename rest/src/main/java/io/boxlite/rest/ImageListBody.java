package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Images. Immutable.
///
/// @param images the images
/// @param nextPageToken where the next page begins; absent at the end
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ImageListBody(List<ImageBody> images, @Nullable String nextPageToken) {}
