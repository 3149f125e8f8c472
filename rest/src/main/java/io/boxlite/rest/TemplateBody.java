package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// A VM at rest that boxes start from. Dates are RFC 3339. Immutable.
///
/// @param key names all that shapes it
/// @param cpus virtual CPUs
/// @param memoryMib memory in MiB
/// @param sizeBytes what it takes on disk
/// @param createdAt when it was made
/// @param lastUsedAt when it was last used
/// @param inUse whether a running VM was restored from it
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TemplateBody(
    String key,
    int cpus,
    int memoryMib,
    long sizeBytes,
    String createdAt,
    String lastUsedAt,
    boolean inUse) {}
