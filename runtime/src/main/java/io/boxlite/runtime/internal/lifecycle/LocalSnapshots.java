package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.disk.KeptDisks;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.state.SnapshotFile;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The snapshots of a box of this process.
///
/// @param context of the runtime
/// @param lifecycle of the box
record LocalSnapshots(BoxContext context, BoxLifecycle lifecycle) implements Snapshots {

  private String boxId() {
    return lifecycle.record().id();
  }

  private BoxLayout files() {
    return context.layout().box(boxId());
  }

  private KeptDisks kept() {
    return context.kept();
  }

  @Override
  public SnapshotInfo create(String name) {
    if (!SnapshotInfo.isName(name)) {
      throw new ConfigException(
          "invalid_snapshot_name",
          "snapshot name must have 1 to 255 bytes, not begin with '.', and have no '/', '\\', '%' or"
              + " control character");
    }
    return kept()
        .using(() ->
            lifecycle.held(box -> {
              if (find(name).isPresent()) {
                throw new AlreadyExistsException(
                    "snapshot_exists",
                    "snapshot '" + name + "' of box " + boxId() + " already exists",
                    null,
                    Map.of("resource", "snapshot", "id", name));
              }
              return add(name, lifecycle.cutDisk());
            }));
  }

  private SnapshotInfo add(String name, String id) {
    SnapshotInfo made =
        new SnapshotInfo(
            id,
            boxId(),
            name,
            Instant.now().truncatedTo(ChronoUnit.MILLIS),
            kept().virtualBytes(id),
            kept().bytes(id));
    List<SnapshotInfo> all = new ArrayList<>(SnapshotFile.read(files()));
    all.add(made);
    SnapshotFile.write(files(), all);
    CrashPoint.reached("snapshot.stored");
    return made;
  }

  @Override
  public List<SnapshotInfo> list() {
    lifecycle.checkExists();
    return SnapshotFile.read(files());
  }

  @Override
  public Optional<SnapshotInfo> get(String name) {
    lifecycle.checkExists();
    return find(name);
  }

  @Override
  public void remove(String name) {
    lifecycle.held(box -> {
      SnapshotInfo found = require(name);
      List<SnapshotInfo> all = new ArrayList<>(SnapshotFile.read(files()));
      all.remove(found);
      SnapshotFile.write(files(), all);
      CrashPoint.reached("snapshot.removed");
      return true;
    });
    kept().sweep();
  }

  @Override
  public void restore(String name) {
    kept()
        .using(() ->
            lifecycle.held(box -> {
              SnapshotInfo found = require(name);
              Refusals.checkRestore(box);
              kept().layOver(files().disk(), found.id());
              CrashPoint.reached("snapshot.restored");
              return true;
            }));
    kept().sweep();
  }

  private Optional<SnapshotInfo> find(String name) {
    return SnapshotFile.read(files()).stream()
        .filter(snapshot -> snapshot.name().equals(name))
        .findFirst();
  }

  private SnapshotInfo require(String name) {
    return find(name)
        .orElseThrow(() ->
            new NotFoundException(
                "snapshot_not_found",
                "snapshot not found: " + name,
                null,
                Map.of("resource", "snapshot", "id", name)));
  }
}
