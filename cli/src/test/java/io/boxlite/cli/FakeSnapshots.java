package io.boxlite.cli;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Snapshots of nothing.
final class FakeSnapshots implements Snapshots {
  private final List<SnapshotInfo> all = new ArrayList<>();
  final List<String> restored = new ArrayList<>();

  @Override
  public SnapshotInfo create(String name) {
    if (get(name).isPresent()) {
      throw new AlreadyExistsException("snapshot_exists", "snapshot '" + name + "' already exists");
    }
    Instant created = Instant.ofEpochSecond(1_700_000_000);
    SnapshotInfo made = new SnapshotInfo("S" + all.size(), "B1", name, created, 10L << 30, 4096);
    all.add(made);
    return made;
  }

  @Override
  public List<SnapshotInfo> list() {
    return List.copyOf(all);
  }

  @Override
  public Optional<SnapshotInfo> get(String name) {
    return all.stream().filter(snapshot -> snapshot.name().equals(name)).findFirst();
  }

  @Override
  public void remove(String name) {
    if (!all.removeIf(snapshot -> snapshot.name().equals(name))) {
      throw new NotFoundException("snapshot_not_found", "snapshot not found: " + name);
    }
  }

  @Override
  public void restore(String name) {
    if (get(name).isEmpty()) {
      throw new NotFoundException("snapshot_not_found", "snapshot not found: " + name);
    }
    restored.add(name);
  }
}
