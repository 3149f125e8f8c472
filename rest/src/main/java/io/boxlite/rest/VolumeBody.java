package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A volume. Immutable.
///
/// @param id its id
/// @param name its name, if it has one
/// @param createdAt when it was made, RFC 3339
/// @param sizeBytes what it takes on disk, if that is known
/// @param directory where its content is on the server
/// @param anonymous whether it was made with a box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record VolumeBody(
    String id,
    @Nullable String name,
    String createdAt,
    @Nullable Long sizeBytes,
    String directory,
    boolean anonymous) {}
