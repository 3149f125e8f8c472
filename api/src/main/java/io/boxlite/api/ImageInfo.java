package io.boxlite.api;

import java.time.Instant;
import java.util.OptionalLong;

/// One image of the store. Immutable.
///
/// @param reference full reference, such as `docker.io/library/alpine:3.20`
/// @param repository the reference without tag or digest
/// @param tag its tag, or `<none>`
/// @param id digest of its manifest
/// @param cachedAt when it was added
/// @param sizeBytes bytes of its layers in the store, if known
/// @since 0.1
public record ImageInfo(
    String reference,
    String repository,
    String tag,
    String id,
    Instant cachedAt,
    OptionalLong sizeBytes) {}
