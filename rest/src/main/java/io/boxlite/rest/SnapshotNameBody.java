package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// What a snapshot shall be called. Immutable.
///
/// @param name unique in its box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record SnapshotNameBody(@Nullable String name) {}
