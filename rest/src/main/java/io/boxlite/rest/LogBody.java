package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A line of a log. Immutable.
///
/// @param time RFC 3339, in UTC
/// @param level `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`
/// @param logger who says it
/// @param message what is said
/// @param requestId request that was worked on, where that is known
/// @param box id or name of the box that the request is about
/// @param traceId trace that the request is part of
/// @param exception with its stack
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record LogBody(
    String time,
    String level,
    String logger,
    String message,
    @Nullable String requestId,
    @Nullable String box,
    @Nullable String traceId,
    @Nullable String exception) {}
