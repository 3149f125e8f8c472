package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A text frame of an attach connection. Which fields count depends on `type`. Immutable.
///
/// @param type one of the `TYPE_` constants of [Frames]
/// @param cols resize: columns
/// @param rows resize: rows
/// @param sig signal: its number
/// @param exitCode exit: code, or minus the signal
/// @param timedOut exit: whether the timeout ended it
/// @param message error: for people
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ControlFrame(
    @Nullable String type,
    @Nullable Integer cols,
    @Nullable Integer rows,
    @Nullable Integer sig,
    @Nullable Integer exitCode,
    @Nullable Boolean timedOut,
    @Nullable String message) {}
