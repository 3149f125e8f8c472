package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.CloneBody;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;

/// Boxes made of boxes: clones, and archives out and in.
final class CloneRoutes {
  private static final int CREATED = 201;

  private static final Duration STALL_LIMIT = Duration.ofMinutes(5);

  private final Boxlite boxlite;

  CloneRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.addKeyed("POST", "boxes/{box}/clone", this::make);
    router.add("POST", "boxes/{box}/export", e -> e.withinStalls(STALL_LIMIT, () -> export(e)));
    router.add("POST", "boxes/import", e -> e.withinStalls(STALL_LIMIT, () -> take(e)));
  }

  private void make(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    Optional<String> name =
        body.length == 0
            ? Optional.empty()
            : Optional.ofNullable(JsonCodec.readStrictly(CloneBody.class, body).name());
    answer(exchange, BoxRoutes.find(boxlite, exchange).cloneBox(name));
  }

  private void export(Exchange exchange) throws IOException {
    var _ = exchange.bytes(); // clients send an empty object
    Box box = BoxRoutes.find(boxlite, exchange);
    exchange.write("application/octet-stream", box::export);
  }

  private void take(Exchange exchange) throws IOException {
    try (InputStream archive = exchange.body()) {
      answer(exchange, boxlite.importBox(archive, exchange.query("name")));
    }
  }

  private static void answer(Exchange exchange, Box box) {
    exchange.header("Location", Paths.box(box.id()));
    exchange.answer(CREATED, BoxMapping.toBody(box.info()));
  }
}
