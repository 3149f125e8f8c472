package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The image that a box shall become. Immutable.
///
/// @param reference its name
/// @param author who makes it
/// @param message comment for its history
/// @param changes instructions as in a Dockerfile
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record CommitBody(
    @Nullable String reference,
    @Nullable String author,
    @Nullable String message,
    @Nullable List<String> changes) {}
