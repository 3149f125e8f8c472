package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// One more name for an image. Immutable.
///
/// @param source the image
/// @param target the name
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TagImageBody(@Nullable String source, @Nullable String target) {}
