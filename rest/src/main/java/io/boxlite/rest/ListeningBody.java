package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A line of the answer to a request to listen. Immutable.
///
/// @param url where the server is now
/// @param error why it does not listen
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ListeningBody(@Nullable String url, ErrorBody.@Nullable Failure error) {}
