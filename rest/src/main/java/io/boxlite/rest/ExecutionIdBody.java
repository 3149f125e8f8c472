package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// The answer to a started command. Immutable.
///
/// @param executionId its id
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ExecutionIdBody(String executionId) {}
