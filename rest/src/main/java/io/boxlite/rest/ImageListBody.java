package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// Images. Immutable.
///
/// @param images the images
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ImageListBody(List<ImageBody> images) {}
