package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// What a new volume shall be. Immutable.
///
/// @param name unique name; absent: none
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record VolumeNameBody(@Nullable String name) {}
