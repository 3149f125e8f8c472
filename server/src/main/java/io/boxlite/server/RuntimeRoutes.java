package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.ConfigBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.PrincipalBody;
import io.boxlite.rest.Scopes;
import java.util.List;

/// What concerns the whole runtime: configuration, caller, counters, disk usage.
final class RuntimeRoutes {
  private final Boxlite boxlite;

  RuntimeRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.addOpen("GET", "config", this::config);
    router.add("GET", "me", this::me);
    router.addOpen("GET", "/healthz", RuntimeRoutes::healthy);
    router.addOpen("GET", "/readyz", this::ready);
    router.add("GET", "/metrics", this::figures);
    router.add("GET", "info", e -> e.answer(BoxMapping.toBody(boxlite.info())));
    router.add("GET", "metrics", e -> e.answer(BoxMapping.toBody(boxlite.metrics())));
    router.add("GET", "system/df", e -> e.answer(ImageMapping.toBody(boxlite.diskUsage())));
  }

  private void config(Exchange exchange) {
    exchange.answer(
        new ConfigBody(
            new ConfigBody.Capabilities(
                true, true, true, true, true, KeyedAnswers.LIFETIME.toString())));
  }

  private static void healthy(Exchange exchange) {
    exchange.text("ok\n");
  }

  /// Ready is who can say which boxes there are.
  private void ready(Exchange exchange) {
    boxlite.list();
    exchange.text("ok\n");
  }

  private void figures(Exchange exchange) {
    exchange.text(PrometheusText.of(boxlite.metrics(), boxlite.list()));
  }

  private void me(Exchange exchange) {
    Principal principal = exchange.principal();
    List<String> scopes = Scopes.ALL.stream().filter(principal.scopes()::contains).toList();
    exchange.answer(
        new PrincipalBody(
            principal.name(), "service_account", scopes, null, principal.name(), null, null));
  }
}
