package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A volume of a new box: of a path, of a managed volume, or, with neither, one of its own.
/// Immutable.
///
/// @param hostPath absolute path on the server
/// @param managedVolume id or name of a volume
/// @param guestPath absolute path in the box
/// @param readOnly whether the box may only read it
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record VolumeMountBody(
    @Nullable String hostPath,
    @Nullable String managedVolume,
    @Nullable String guestPath,
    @Nullable Boolean readOnly) {}
