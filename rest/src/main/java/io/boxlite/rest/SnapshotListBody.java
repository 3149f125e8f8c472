package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// Snapshots. Immutable.
///
/// @param snapshots oldest first
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record SnapshotListBody(List<SnapshotBody> snapshots) {}
