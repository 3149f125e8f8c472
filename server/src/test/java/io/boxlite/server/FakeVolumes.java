package io.boxlite.server;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.Volumes;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;

/// Volumes without files.
final class FakeVolumes implements Volumes {
  private final List<VolumeInfo> all = new CopyOnWriteArrayList<>();

  @Override
  public VolumeInfo create(Optional<String> name) {
    if (name.isPresent() && !VolumeInfo.isName(name.get())) {
      throw new ConfigException("invalid_name", "name '" + name.get() + "' is none");
    }
    if (name.isPresent() && get(name.get()).isPresent()) {
      throw new AlreadyExistsException("volume_exists", "volume '" + name.get() + "'");
    }
    VolumeInfo made =
        new VolumeInfo(
            "V" + all.size(),
            name,
            Instant.EPOCH,
            OptionalLong.of(7),
            Path.of("/volumes/V" + all.size()),
            false);
    all.add(made);
    return made;
  }

  @Override
  public List<VolumeInfo> list() {
    return List.copyOf(all);
  }

  @Override
  public Optional<VolumeInfo> get(String idOrName) {
    return all.stream()
        .filter(
            volume -> volume.id().equals(idOrName) || volume.name().equals(Optional.of(idOrName)))
        .findFirst();
  }

  @Override
  public void remove(String idOrName, boolean force) {
    boolean found = all.removeIf(volume -> get(idOrName).equals(Optional.of(volume)));
    if (!found && !force) {
      throw new NotFoundException("volume_not_found", "volume not found: " + idOrName);
    }
  }

  @Override
  public List<VolumeInfo> prune(boolean unnamed) {
    List<VolumeInfo> pruned = list();
    all.removeAll(pruned);
    return pruned;
  }
}
