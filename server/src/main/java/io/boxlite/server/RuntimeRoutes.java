package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.ConfigBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.PrincipalBody;
import java.util.List;

/// What concerns the whole runtime: configuration, caller, counters, disk usage.
final class RuntimeRoutes {
  private static final List<String> SCOPES =
      List.of(
          "box:read",
          "box:write",
          "box:exec",
          "box:delete",
          "image:read",
          "image:write",
          "snapshot:read",
          "snapshot:write",
          "snapshot:delete",
          "me:read");

  private final Boxlite boxlite;

  RuntimeRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.add("GET", "config", this::config);
    router.add("GET", "me", this::me);
    router.add("GET", "info", e -> e.answer(BoxMapping.toBody(boxlite.info())));
    router.add("GET", "metrics", e -> e.answer(BoxMapping.toBody(boxlite.metrics())));
    router.add("GET", "system/df", e -> e.answer(ImageMapping.toBody(boxlite.diskUsage())));
  }

  private void config(Exchange exchange) {
    exchange.answer(new ConfigBody(new ConfigBody.Capabilities(true, true, true, true, true)));
  }

  private void me(Exchange exchange) {
    exchange.answer(
        new PrincipalBody(
            "local-anonymous",
            "service_account",
            SCOPES,
            "local@boxlite.local",
            "Local user",
            null,
            null));
  }
}
