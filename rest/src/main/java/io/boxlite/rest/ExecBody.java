package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A command to run in a box. Immutable.
///
/// @param command the program; required
/// @param args its arguments
/// @param env variables
/// @param timeoutSeconds limit, 0 or absent: none
/// @param workingDir its directory
/// @param tty whether it has a terminal
/// @param stdin written to its stdin, which is closed then
/// @param user user
/// @param rows of the terminal
/// @param cols of the terminal
/// @param detach whether output is dropped from the start unless somebody attaches
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ExecBody(
    @Nullable String command,
    @Nullable List<String> args,
    @Nullable Map<String, String> env,
    @Nullable Double timeoutSeconds,
    @Nullable String workingDir,
    @Nullable Boolean tty,
    @Nullable String stdin,
    @Nullable String user,
    @Nullable Integer rows,
    @Nullable Integer cols,
    @Nullable Boolean detach) {}
