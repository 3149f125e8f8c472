package io.boxlite.rest;

import io.avaje.jsonb.Json;
import io.boxlite.api.SnapshotInfo;
import java.time.Instant;

/// A snapshot. Immutable.
///
/// @param id ULID
/// @param boxId of its box
/// @param name unique in its box
/// @param createdAt seconds since 1970
/// @param guestDiskBytes size of the guest's own disk, which boxes here do not have: 0
/// @param containerDiskBytes size of the disk as the box sees it
/// @param sizeBytes what it takes on the host's disk
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record SnapshotBody(
    String id,
    String boxId,
    String name,
    long createdAt,
    long guestDiskBytes,
    long containerDiskBytes,
    long sizeBytes) {

  /// {@return the body of a snapshot}
  ///
  /// @param info the snapshot
  public static SnapshotBody of(SnapshotInfo info) {
    return new SnapshotBody(
        info.id(),
        info.boxId(),
        info.name(),
        info.createdAt().getEpochSecond(),
        0,
        info.diskBytes(),
        info.sizeBytes());
  }

  /// {@return the snapshot of this body}
  public SnapshotInfo toInfo() {
    Instant created = Instant.ofEpochSecond(createdAt);
    return new SnapshotInfo(id, boxId, name, created, containerDiskBytes, sizeBytes);
  }
}
