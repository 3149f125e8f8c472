package io.boxlite.api;

import java.time.Instant;

/// A VM at rest that boxes start from. Immutable.
///
/// @param key names all that shapes the VM: 32 hex digits
/// @param cpus virtual CPUs of the boxes that start from it
/// @param memoryMib their memory in MiB
/// @param sizeBytes what it takes on disk, in bytes
/// @param createdAt when it was made
/// @param lastUsedAt when a VM was last restored from it
/// @param inUse whether a running VM was restored from it
/// @since 0.1
public record TemplateInfo(
    String key,
    int cpus,
    int memoryMib,
    long sizeBytes,
    Instant createdAt,
    Instant lastUsedAt,
    boolean inUse) {}
