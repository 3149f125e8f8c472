package io.boxlite.server;

import io.boxlite.rest.JsonCodec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

/// What the server understands, for programs (OpenAPI 3.1) and for people. The document is a file
/// that is written by hand; a test holds it and the routes together.
final class DocumentRoutes {
  private static final String FILE = "openapi.json";

  void addTo(Router router) {
    router.addOpen("GET", FILE, exchange -> exchange.text("application/json", document()));
    router.addOpen(
        "GET",
        "docs",
        exchange ->
            exchange.text(
                "text/html; charset=utf-8",
                page(JsonCodec.readTree(document().getBytes(StandardCharsets.UTF_8)))));
  }

  static String document() {
    try (InputStream in = DocumentRoutes.class.getResourceAsStream(FILE)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String page(Object document) {
    StringBuilder html = new StringBuilder(64 * 1024);
    html.append("<!DOCTYPE html><html lang=en><meta charset=utf-8><title>BoxLite</title>\n");
    Object info = member(document, "info");
    html.append("<h1>BoxLite ").append(text(member(info, "version"))).append("</h1>\n<p>");
    html.append(text(member(info, "description"))).append("</p>\n");
    members(member(document, "paths"))
        .forEach((path, methods) ->
            members(methods).forEach((method, operation) -> route(html, path, method, operation)));
    html.append("<h1>Bodies</h1>\n");
    members(member(member(document, "components"), "schemas"))
        .forEach((name, schema) -> {
          html.append("<h2 id=").append(text(name)).append('>').append(text(name)).append("</h2>");
          html.append("<pre>")
              .append(text(new String(JsonCodec.write(schema), StandardCharsets.UTF_8)));
          html.append("</pre>\n");
        });
    return html.append("</html>\n").toString();
  }

  private static void route(StringBuilder html, Object path, Object method, Object operation) {
    html.append("<h2><code>").append(text(method).toUpperCase(java.util.Locale.ROOT));
    html.append(' ').append(text(path)).append("</code></h2>\n<p>");
    html.append(text(member(operation, "summary"))).append("</p><pre>");
    members(operation)
        .forEach((name, value) -> {
          if (!name.equals("summary") && !name.equals("tags")) {
            html.append(text(name)).append(": ");
            html.append(text(new String(JsonCodec.write(value), StandardCharsets.UTF_8)))
                .append('\n');
          }
        });
    html.append("</pre>\n");
  }

  private static Object member(Object tree, String name) {
    Object value = members(tree).get(name);
    return value == null ? "" : value;
  }

  private static Map<?, ?> members(Object tree) {
    return tree instanceof Map<?, ?> map ? map : Map.of();
  }

  private static String text(Object value) {
    return value.toString().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
