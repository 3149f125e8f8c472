package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// All boxes, newest first. Immutable.
///
/// @param boxes the boxes
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record BoxListBody(List<BoxBody> boxes) {}
