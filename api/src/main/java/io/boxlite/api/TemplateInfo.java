package io.boxlite.api;

import java.time.Instant;

/// A VM at rest that boxes start from. Immutable.
///
/// @since 0.1
public record TemplateInfo(
    String key,
    int cpus,
    int memoryMib,
    long sizeBytes,
    Instant createdAt,
    Instant lastUsedAt,
    boolean inUse) {}
