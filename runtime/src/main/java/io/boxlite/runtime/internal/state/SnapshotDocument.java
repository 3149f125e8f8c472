package io.boxlite.runtime.internal.state;

import io.avaje.jsonb.Json;
import io.boxlite.api.SnapshotInfo;
import java.time.Instant;

/// A snapshot as JSON.
@Json(naming = Json.Naming.LowerUnderscore)
record SnapshotDocument(
    String id, String boxId, String name, String createdAt, long diskBytes, long sizeBytes) {

  static SnapshotDocument of(SnapshotInfo info) {
    return new SnapshotDocument(
        info.id(),
        info.boxId(),
        info.name(),
        info.createdAt().toString(),
        info.diskBytes(),
        info.sizeBytes());
  }

  SnapshotInfo toInfo() {
    return new SnapshotInfo(id, boxId, name, Instant.parse(createdAt), diskBytes, sizeBytes);
  }
}
