package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Which template is to be made. Immutable.
///
/// @param cpus virtual CPUs; absent: as of a box
/// @param memoryMib memory in MiB; absent: as of a box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TemplateSizeBody(@Nullable Integer cpus, @Nullable Integer memoryMib) {}
