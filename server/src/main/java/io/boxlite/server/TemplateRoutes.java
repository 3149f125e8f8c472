package io.boxlite.server;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.TemplateInfo;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.TemplateEventBody;
import io.boxlite.rest.TemplateListBody;
import io.boxlite.rest.TemplateSizeBody;
import java.io.IOException;
import java.util.List;

/// The VMs at rest that boxes start from: list, make, prune.
final class TemplateRoutes {
  private final Boxlite boxlite;

  TemplateRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.add("GET", "templates", e -> e.answer(body(boxlite.templates().list())));
    router.add("POST", "templates", this::build);
    router.add("DELETE", "templates", e -> e.answer(body(boxlite.templates().prune())));
  }

  private static TemplateListBody body(List<TemplateInfo> templates) {
    return new TemplateListBody(templates.stream().map(BoxMapping::toBody).toList());
  }

  /// Answers one line for each stage. What is wrong with the request is told before the first.
  private void build(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    TemplateSizeBody size =
        body.length == 0
            ? new TemplateSizeBody(null, null)
            : JsonCodec.readStrictly(TemplateSizeBody.class, body);
    Integer cpus = size.cpus();
    Integer memory = size.memoryMib();
    BoxOptions box =
        BoxOptions.ofImage("template")
            .cpus(cpus == null ? BoxOptions.DEFAULT_CPUS : cpus)
            .memoryMib(memory == null ? BoxOptions.DEFAULT_MEMORY_MIB : memory)
            .build();
    exchange.lines(lines -> {
      try {
        TemplateInfo made =
            boxlite
                .templates()
                .build(
                    box.cpus(),
                    box.memoryMib(),
                    stage -> lines.accept(new TemplateEventBody(stage.wireName(), null, null)));
        lines.accept(new TemplateEventBody(null, BoxMapping.toBody(made), null));
      } catch (RuntimeException e) {
        lines.accept(
            new TemplateEventBody(
                null, null, ErrorResponder.describe(e, exchange.requestId()).error()));
      }
    });
  }
}
