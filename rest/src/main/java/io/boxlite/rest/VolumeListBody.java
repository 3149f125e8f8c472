package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// Volumes. Immutable.
///
/// @param volumes newest first
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record VolumeListBody(List<VolumeBody> volumes) {}
