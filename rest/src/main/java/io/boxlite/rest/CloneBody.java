package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// What a clone shall be called. Immutable.
///
/// @param name unique name, or none
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record CloneBody(@Nullable String name) {}
