package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A terminal size. Immutable.
///
/// @param cols columns
/// @param rows rows
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ResizeBody(@Nullable Integer cols, @Nullable Integer rows) {}
