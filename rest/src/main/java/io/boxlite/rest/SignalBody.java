package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A signal to deliver. Immutable.
///
/// @param signal its Linux number
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record SignalBody(@Nullable Integer signal) {}
