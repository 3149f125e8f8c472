package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A line of the answer to a request to listen. Immutable.
///
/// @param url where the server is now
/// @param traced whether requests are traced
/// @param error why it does not listen
/// @param log what the supervisor has logged since, one line for each
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ListeningBody(
    @Nullable String url,
    @Nullable Boolean traced,
    ErrorBody.@Nullable Failure error,
    @Nullable LogBody log) {}
