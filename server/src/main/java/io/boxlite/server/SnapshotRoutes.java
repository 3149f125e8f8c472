package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import io.boxlite.rest.Paths;
import io.boxlite.rest.SnapshotBody;
import io.boxlite.rest.SnapshotListBody;
import io.boxlite.rest.SnapshotNameBody;
import java.io.IOException;

/// Snapshots of boxes: make, list, find, remove, restore.
final class SnapshotRoutes {
  private static final int CREATED = 201;

  private final Boxlite boxlite;

  SnapshotRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.addKeyed("POST", "boxes/{box}/snapshots", this::create);
    router.add("GET", "boxes/{box}/snapshots", this::list);
    router.add("GET", "boxes/{box}/snapshots/{snapshot}", this::get);
    router.addKeyed("DELETE", "boxes/{box}/snapshots/{snapshot}", this::remove);
    router.addKeyed("POST", "boxes/{box}/snapshots/{snapshot}/restore", this::restore);
  }

  private Snapshots snapshots(Exchange exchange) {
    return BoxRoutes.find(boxlite, exchange).snapshots();
  }

  private void create(Exchange exchange) throws IOException {
    String name = exchange.strictJson(SnapshotNameBody.class).name();
    if (name == null) {
      throw new ConfigException("invalid_snapshot_name", "name is missing; give the snapshot one");
    }
    SnapshotInfo made = snapshots(exchange).create(name);
    exchange.header("Location", Paths.snapshot(made.boxId(), name));
    exchange.answer(CREATED, SnapshotBody.of(made));
  }

  private void list(Exchange exchange) {
    exchange.answer(
        new SnapshotListBody(snapshots(exchange).list().stream().map(SnapshotBody::of).toList()));
  }

  private void get(Exchange exchange) {
    String name = exchange.parameter("snapshot");
    exchange.answer(
        SnapshotBody.of(
            snapshots(exchange)
                .get(name)
                .orElseThrow(() ->
                    new NotFoundException("snapshot_not_found", "snapshot not found: " + name))));
  }

  private void remove(Exchange exchange) {
    snapshots(exchange).remove(exchange.parameter("snapshot"));
    exchange.noContent();
  }

  private void restore(Exchange exchange) throws IOException {
    var _ = exchange.bytes(); // some clients send an empty object
    snapshots(exchange).restore(exchange.parameter("snapshot"));
    exchange.noContent();
  }
}
