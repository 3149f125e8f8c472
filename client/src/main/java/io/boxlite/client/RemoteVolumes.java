package io.boxlite.client;

import io.boxlite.api.NotFoundException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.Volumes;
import io.boxlite.rest.Paths;
import io.boxlite.rest.VolumeBody;
import io.boxlite.rest.VolumeListBody;
import io.boxlite.rest.VolumeMapping;
import io.boxlite.rest.VolumeNameBody;
import java.util.List;
import java.util.Optional;

/// Volumes over REST.
///
/// @param caller sends the requests
record RemoteVolumes(RestCaller caller) implements Volumes {
  @Override
  public VolumeInfo create(Optional<String> name) {
    VolumeNameBody body = new VolumeNameBody(name.orElse(null));
    return VolumeMapping.toInfo(caller.call(VolumeBody.class, "POST", Paths.VOLUMES, body));
  }

  @Override
  public List<VolumeInfo> list() {
    return infos("GET", "");
  }

  @Override
  public Optional<VolumeInfo> get(String idOrName) {
    try {
      VolumeBody found = caller.call(VolumeBody.class, "GET", Paths.volume(idOrName), null);
      return Optional.of(VolumeMapping.toInfo(found));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  @Override
  public void remove(String idOrName, boolean force) {
    caller.send("DELETE", Paths.volume(idOrName) + "?force=" + force, null);
  }

  @Override
  public List<VolumeInfo> prune(boolean all) {
    return infos("POST", "/prune?all=" + all);
  }

  private List<VolumeInfo> infos(String method, String path) {
    return caller.call(VolumeListBody.class, method, Paths.VOLUMES + path, null).volumes().stream()
        .map(VolumeMapping::toInfo)
        .toList();
  }
}
