package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// One image. Immutable.
///
/// @param reference full reference
/// @param repository without tag
/// @param tag its tag
/// @param id digest of its manifest
/// @param cachedAt when it was added, RFC 3339
/// @param sizeBytes bytes of its layers, if known
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ImageBody(
    String reference,
    String repository,
    String tag,
    String id,
    String cachedAt,
    @Nullable Long sizeBytes) {}
