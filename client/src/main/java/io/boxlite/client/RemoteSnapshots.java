package io.boxlite.client;

import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import io.boxlite.rest.Paths;
import io.boxlite.rest.SnapshotBody;
import io.boxlite.rest.SnapshotListBody;
import io.boxlite.rest.SnapshotNameBody;
import java.util.List;
import java.util.Optional;

/// The snapshots of a box of another process.
record RemoteSnapshots(RestCaller caller, String id) implements Snapshots {
  @Override
  public SnapshotInfo create(String name) {
    return caller
        .call(SnapshotBody.class, "POST", Paths.snapshots(id), new SnapshotNameBody(name))
        .toInfo();
  }

  @Override
  public List<SnapshotInfo> list() {
    return caller
        .call(SnapshotListBody.class, "GET", Paths.snapshots(id), null)
        .snapshots()
        .stream()
        .map(SnapshotBody::toInfo)
        .toList();
  }

  @Override
  public Optional<SnapshotInfo> get(String name) {
    if (!SnapshotInfo.isName(name)) {
      return Optional.empty(); // a path cannot carry it, and no snapshot is called so
    }
    try {
      return Optional.of(
          caller.call(SnapshotBody.class, "GET", Paths.snapshot(id, name), null).toInfo());
    } catch (NotFoundException e) {
      if (e.reason().equals("snapshot_not_found")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public void remove(String name) {
    caller.send("DELETE", Paths.snapshot(id, checked(name)), null);
  }

  @Override
  public void restore(String name) {
    caller.send("POST", Paths.snapshot(id, checked(name)) + "/restore", null);
  }

  private static String checked(String name) {
    if (!SnapshotInfo.isName(name)) {
      throw new NotFoundException("snapshot_not_found", "snapshot not found: " + name);
    }
    return name;
  }
}
