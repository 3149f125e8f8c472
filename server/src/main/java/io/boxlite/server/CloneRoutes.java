package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.CloneBody;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import java.io.IOException;
import java.util.Optional;

/// Boxes made of boxes: clones.
final class CloneRoutes {
  private static final int CREATED = 201;

  private final Boxlite boxlite;

  CloneRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.add("POST", "boxes/{box}/clone", this::make);
  }

  private void make(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    Optional<String> name =
        body.length == 0
            ? Optional.empty()
            : Optional.ofNullable(JsonCodec.readStrictly(CloneBody.class, body).name());
    answer(exchange, BoxRoutes.find(boxlite, exchange).cloneBox(name));
  }

  private static void answer(Exchange exchange, Box box) {
    exchange.header("Location", Paths.box(box.id()));
    exchange.answer(CREATED, BoxMapping.toBody(box.info()));
  }
}
