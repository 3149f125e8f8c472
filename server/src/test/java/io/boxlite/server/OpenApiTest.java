package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The OpenAPI document and the routes. [ServedTest] holds each answer against it.
@Timeout(30)
class OpenApiTest extends ServedTest {
  @Test
  void everyRouteIsDescribedAndNothingElse() {
    try (TunnelGates gates = new TunnelGates(fake)) {
      Router router =
          RestServer.routes(
              fake,
              ServerWebSocketContainer.ensure(new Server()),
              gates,
              Abandonment.ofEnvironment(Map.of()));
      assertThat(ApiDocument.operations()).containsExactlyInAnyOrderElementsOf(router.described());
      assertThat(ApiDocument.operationsWith("#/components/parameters/IdempotencyKey"))
          .containsExactlyInAnyOrderElementsOf(router.keyed());
    }
  }

  @Test
  void documentAndPageAreServed() throws Exception {
    assertThat(request("GET", "/v1/openapi.json", ""))
        .startsWith("HTTP/1.1 200 ")
        .contains("Content-Type: application/json", "\"openapi\": \"3.1.0\"");
    assertThat(request("GET", "/v1/docs", ""))
        .startsWith("HTTP/1.1 200 ")
        .contains("text/html", "GET /v1/boxes/{box}", "<h2 id=NewBox>")
        .doesNotContain("<script");
  }

  @Test
  void answersAreAsTheDocumentSays() throws Exception {
    request("POST", "/v1/boxes", "{\"image\":\"base\",\"name\":\"one\"}");
    for (String path :
        new String[] {
          "/v1/config",
          "/v1/me",
          "/v1/info",
          "/v1/metrics",
          "/v1/system/df",
          "/v1/boxes",
          "/v1/boxes/one",
          "/v1/boxes/one/metrics",
          "/v1/boxes/one/snapshots",
          "/v1/boxes/one/snapshots/none",
          "/v1/images",
          "/v1/images/none",
          "/v1/templates",
          "/v1/volumes",
          "/v1/volumes/none",
          "/healthz",
          "/readyz",
          "/metrics"
        }) {
      assertThat(request("GET", path, "")).as(path).startsWith("HTTP/1.1 ");
    }
    request("POST", "/v1/boxes/one/start", "");
    assertThat(request("POST", "/v1/boxes/one/exec", "{\"command\":\"true\"}")).contains(" 201 ");
    request("POST", "/v1/boxes/one/exec", "{\"command\":1}");
    request("POST", "/v1/boxes/one/snapshots", "{\"name\":\"s\"}");
    request("POST", "/v1/boxes/one/clone", "{}");
    request("POST", "/v1/volumes", "{}");
    request("DELETE", "/v1/boxes/one", "");
    assertThat(request("DELETE", "/v1/boxes/one?force=true", "")).contains(" 204 ");
  }
}
