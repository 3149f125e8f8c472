package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// How to stop a box. Immutable.
///
/// @param timeoutSeconds grace until the kill
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record StopBody(@Nullable Double timeoutSeconds) {}
