package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.rest.LogBody;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Spans of requests as a receiver of OTLP gets them.
@Timeout(60)
class TracingTest extends ServedTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "b7ad6b7169203331";
  private static final String TRACEPARENT = "traceparent: 00-" + TRACE + "-" + PARENT + "-01";
  private static final long SERVER = 2;
  private static final long ERROR = 2;

  private SpanReceiver receiver;
  private Tracing tracing = Tracing.NONE;

  @BeforeEach
  void receive() throws Exception {
    receiver = new SpanReceiver();
    trace(receiver.url(), Map.of());
  }

  private void trace(String endpoint, Map<String, String> more) {
    server.close();
    tracing.close();
    Map<String, String> environment = new HashMap<>(more);
    environment.put("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    environment.put("OTEL_BSP_SCHEDULE_DELAY", "20");
    environment.put("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret%20key");
    tracing = Tracing.ofEnvironment(environment);
    server = RestServer.open(fake, socket, tracing);
  }

  @AfterEach
  void end() throws Exception {
    server.close();
    tracing.close();
    receiver.close();
  }

  @Test
  void aRequestIsASpanOfTheTraceThatItsClientNames() throws Exception {
    Box box = running();
    assertThat(request("GET", "/v1/boxes/" + box.id(), "", TRACEPARENT)).contains(" 200 ");
    SpanReceiver.Span span = receiver.await(s -> s.trace().equals(TRACE));
    assertThat(span.name()).isEqualTo("GET /v1/boxes/{box}");
    assertThat(span.parent()).isEqualTo(PARENT);
    assertThat(span.kind()).isEqualTo(SERVER);
    assertThat(span.status()).isZero();
    assertThat(span.end()).isGreaterThan(span.begin());
    assertThat(span.attributes())
        .containsEntry("http.request.method", "GET")
        .containsEntry("http.route", "/v1/boxes/{box}")
        .containsEntry("url.path", "/v1/boxes/" + box.id())
        .containsEntry("url.scheme", "http")
        .containsEntry("http.response.status_code", "200")
        .containsEntry("network.transport", "unix")
        .containsEntry("boxlite.request.id", "rid-1");
    assertThat(span.resource()).containsEntry("service.name", "boxlite");
    assertThat(receiver.keys).contains("s3cret key");
  }

  @Test
  void aRequestOfNobodysTraceBeginsOne() throws Exception {
    request("GET", "/v1/boxes", "");
    SpanReceiver.Span span = receiver.named("GET /v1/boxes");
    assertThat(span.parent()).isEmpty();
    assertThat(span.trace()).hasSize(32);
  }

  @Test
  void faultsOfTheServerAreErrorsAndThoseOfClientsAreNot() throws Exception {
    assertThat(request("GET", "/v1/boxes/none", "")).contains(" 404 ");
    SpanReceiver.Span missing = receiver.named("GET /v1/boxes/{box}");
    assertThat(missing.attributes()).containsEntry("http.response.status_code", "404");
    assertThat(missing.status()).isZero();
    request("GET", "/v1/no/such/thing", "");
    assertThat(receiver.named("GET").attributes()).doesNotContainKey("http.route");
    running();
    fake.only().waits =
        () -> {
          throw new IllegalStateException("broken");
        };
    assertThat(request("GET", "/v1/boxes/" + fake.only().id + "/wait", "")).contains(" 500 ");
    SpanReceiver.Span failed = receiver.named("GET /v1/boxes/{box}/wait");
    assertThat(failed.status()).isEqualTo(ERROR);
    assertThat(failed.attributes()).containsEntry("error.type", "500");
  }

  @Test
  void theStagesOfAStartAreWithinItsSpan() throws Exception {
    Box box = running();
    SpanReceiver.Span request = receiver.named("POST /v1/boxes/{box}/start");
    SpanReceiver.Span start = receiver.named("box.start");
    assertThat(start.parent()).isEqualTo(request.id());
    assertThat(start.attributes())
        .containsEntry("boxlite.box.id", box.id())
        .containsEntry("boxlite.start.origin", "warm");
    assertThat(start.end() - start.begin()).isEqualTo(28_000_000);
    SpanReceiver.Span vm = receiver.named("box.start.vm");
    SpanReceiver.Span guest = receiver.named("box.start.guest");
    SpanReceiver.Span container = receiver.named("box.start.container");
    assertThat(vm.begin()).isEqualTo(start.begin());
    assertThat(guest.begin()).isEqualTo(vm.end());
    assertThat(container.end()).isEqualTo(start.end());
    assertThat(vm.trace()).isEqualTo(request.trace());
    assertThat(vm.parent()).isEqualTo(request.id());
  }

  @Test
  void aCommandIsASpanUntilItsEnd() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    fake.only().execution(execution).end(3);
    SpanReceiver.Span request = receiver.named("POST /v1/boxes/{box}/exec");
    SpanReceiver.Span command = receiver.named("execution");
    assertThat(command.parent()).isEqualTo(request.id());
    assertThat(command.attributes())
        .containsEntry("process.exit.code", "3")
        .containsEntry("boxlite.execution.id", execution.id());
  }

  @Test
  void theLayersOfAPullAreWithinItsSpan() throws Exception {
    client.images().pull("new:latest");
    SpanReceiver.Span request = receiver.named("POST /v1/images/pull");
    SpanReceiver.Span layer = receiver.named("layer.transferring");
    assertThat(layer.parent()).isEqualTo(request.id());
    assertThat(layer.attributes())
        .containsEntry("boxlite.layer.digest", "sha256:a")
        .containsEntry("boxlite.layer.size", "10000");
  }

  @Test
  void theSamplerOfTheVariablesDecides() throws Exception {
    trace(receiver.url(), Map.of("OTEL_TRACES_SAMPLER", "parentbased_always_off"));
    request("GET", "/v1/boxes", "");
    request("GET", "/v1/info", "", TRACEPARENT);
    assertThat(receiver.await(span -> span.kind() == SERVER).name()).isEqualTo("GET /v1/info");
  }

  @Test
  void aReceiverThatIsDownOrSilentCostsNothingButTheSpans() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      trace("http://127.0.0.1:" + silent.getLocalPort(), Map.of());
      for (int i = 0; i < 3000; i++) { // more than wait at once
        client.list();
      }
      long begin = System.nanoTime();
      server.close();
      tracing.close();
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    }
    trace("http://127.0.0.1:1", Map.of());
    assertThat(request("GET", "/v1/boxes", "")).contains(" 200 ");
  }

  @Test
  void settingsThatCannotBeUsedAreToldWithoutWhatTheySay() throws Exception {
    for (Map<String, String> bad :
        java.util.List.of(
            Map.of("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret\nx"),
            Map.of("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret%0ax"),
            Map.of("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
            Map.of("OTEL_TRACES_SAMPLER", "no-such-sampler"))) {
      Map<String, String> environment = new HashMap<>(bad);
      environment.put("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url());
      try (LogFeed log = LogFeed.open()) {
        assertThat(Tracing.ofEnvironment(environment)).isSameAs(Tracing.NONE);
        LogBody line = log.next();
        while (!line.message().startsWith("no traces: ")) {
          line = log.next();
        }
        assertThat(line.toString()).doesNotContain("s3cret");
      }
    }
  }

  @Test
  void nothingIsTracedUnlessItIsAskedFor() {
    String url = receiver.url();
    assertThat(Tracing.ofEnvironment(Map.of("OTEL_SERVICE_NAME", "x"))).isSameAs(Tracing.NONE);
    assertThat(
            Tracing.ofEnvironment(
                Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", url, "OTEL_SDK_DISABLED", "true")))
        .isSameAs(Tracing.NONE);
  }
}
