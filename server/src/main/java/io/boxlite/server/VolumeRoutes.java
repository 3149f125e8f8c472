package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.VolumeListBody;
import io.boxlite.rest.VolumeMapping;
import io.boxlite.rest.VolumeNameBody;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Volumes that the home keeps: make, list, find, remove, prune.
final class VolumeRoutes {
  private static final int CREATED = 201;

  private final Boxlite boxlite;

  VolumeRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.addKeyed("POST", "volumes", this::create);
    router.add("GET", "volumes", e -> e.answer(body(boxlite.volumes().list())));
    router.addKeyed("POST", "volumes/prune", e -> e.answer(body(prune(e))));
    router.add("GET", "volumes/{volume}", this::get);
    router.addKeyed("DELETE", "volumes/{volume}", this::remove);
  }

  private static VolumeListBody body(List<VolumeInfo> volumes) {
    return new VolumeListBody(volumes.stream().map(VolumeMapping::toBody).toList());
  }

  private List<VolumeInfo> prune(Exchange exchange) {
    return boxlite.volumes().prune(exchange.flag("all"));
  }

  private void create(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    Optional<String> name =
        body.length == 0
            ? Optional.empty()
            : Optional.ofNullable(JsonCodec.readStrictly(VolumeNameBody.class, body).name());
    exchange.answer(CREATED, VolumeMapping.toBody(boxlite.volumes().create(name)));
  }

  private void get(Exchange exchange) {
    String idOrName = exchange.parameter("volume");
    VolumeInfo found =
        boxlite
            .volumes()
            .get(idOrName)
            .orElseThrow(
                () -> new NotFoundException("volume_not_found", "volume not found: " + idOrName));
    exchange.answer(VolumeMapping.toBody(found));
  }

  private void remove(Exchange exchange) {
    boxlite.volumes().remove(exchange.parameter("volume"), exchange.flag("force"));
    exchange.noContent();
  }
}
