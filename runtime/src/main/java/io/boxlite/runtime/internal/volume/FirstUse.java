package io.boxlite.runtime.internal.volume;

import io.boxlite.api.VolumeMount;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/// The volumes that a box is the first to use: they get a copy of what its image has at their
/// places before anything runs. To be closed by the thread that opened it; no other box uses them
/// first meanwhile. What is closed before it is done will be done again.
public final class FirstUse implements AutoCloseable {
  /// A volume with its id and content.
  record Place(String id, Path directory) {}

  private final Map<VolumeMount, Place> volumes;
  private final NewVolumes marks;
  private final Runnable release;
  private boolean done;

  FirstUse(Map<VolumeMount, Place> volumes, NewVolumes marks, Runnable release) {
    this.volumes = Map.copyOf(volumes);
    this.marks = marks;
    this.release = release;
  }

  /// {@return those that are to be filled}
  public Set<VolumeMount> volumes() {
    return volumes.keySet();
  }

  /// They are filled. To be called before anything of the box runs.
  public void done() {
    volumes.values().forEach(place -> marks.end(place.id(), place.directory()));
    done = true;
  }

  @Override
  public void close() {
    try {
      if (!done) {
        volumes.values().forEach(place -> marks.abandon(place.id(), place.directory()));
      }
    } finally {
      release.run();
    }
  }
}
