package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Which unused images are removed. Immutable.
///
/// @param all whether those with a name are removed too
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record PruneImagesBody(@Nullable Boolean all) {}
