package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// All API keys. Immutable.
///
/// @param keys by name
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ApiKeyListBody(List<ApiKeyBody> keys) {}
