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
/// @param configDigest digest of its configuration; only when it was pulled
/// @param layerCount layers that it has; only when it was pulled
/// @param fetched whether anything had to be fetched; only when it was pulled
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ImageBody(
    String reference,
    String repository,
    String tag,
    String id,
    String cachedAt,
    @Nullable Long sizeBytes,
    @Nullable String configDigest,
    @Nullable Integer layerCount,
    @Nullable Boolean fetched) {}
