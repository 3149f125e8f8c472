package io.boxlite.server;

import io.boxlite.api.ConfigException;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/// Spans by the SDK of OpenTelemetry, sent by OTLP over HTTP from a thread of the SDK: a receiver
/// that is slow or down costs spans and nothing else. Names are those of the semantic conventions
/// for HTTP servers. Thread-safe.
final class OtlpTracing implements Tracing {
  private static final long CLOSE_MILLIS = 1000;
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");
  private static final List<String> HEADER_VARIABLES =
      List.of("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS");

  /// What no header may have, in the encoding of those variables.
  private static final Pattern NO_HEADER =
      Pattern.compile("[^ -~]|%(?:[0189a-fA-F][0-9a-fA-F]|7[fF])");

  private static final TextMapGetter<Request> HEADERS =
      (request, name) -> request == null ? null : request.getHeaders().get(name);

  private final OpenTelemetrySdk sdk;
  private final Tracer tracer;
  private final TextMapPropagator propagator;

  private OtlpTracing(OpenTelemetrySdk sdk) {
    this.sdk = sdk;
    tracer = sdk.getTracer("io.boxlite.server");
    propagator = sdk.getPropagators().getTextMapPropagator();
  }

  /// @throws RuntimeException if the variables say what cannot be done
  static OtlpTracing open(Map<String, String> environment) {
    for (String name : HEADER_VARIABLES) {
      if (NO_HEADER.matcher(environment.getOrDefault(name, "")).find()) {
        throw new ConfigException("invalid_headers", name + " has what no header may have");
      }
    }
    Map<String, String> settings = new HashMap<>();
    settings.put("otel.exporter.otlp.protocol", "http/protobuf");
    String resource = environment.getOrDefault("OTEL_RESOURCE_ATTRIBUTES", "");
    if (!resource.contains("service.name=")) {
      settings.put("otel.service.name", "boxlite");
    }
    environment.forEach((name, value) -> {
      if (name.startsWith("OTEL_")) {
        settings.put(name.toLowerCase(Locale.ROOT).replace('_', '.'), value);
      }
    });
    // Otherwise it would want exporters for those too.
    Map<String, String> tracesOnly =
        Map.of("otel.metrics.exporter", "none", "otel.logs.exporter", "none");
    return new OtlpTracing(
        AutoConfiguredOpenTelemetrySdk.builder()
            .disableShutdownHook()
            .addPropertiesSupplier(() -> settings)
            .addPropertiesCustomizer(_ -> tracesOnly)
            .build()
            .getOpenTelemetrySdk());
  }

  @Override
  public Tracing.RequestSpan begin(Request request, Optional<String> route) {
    Context caller = propagator.extract(Context.root(), request, HEADERS);
    String sent = request.getMethod();
    boolean known = METHODS.contains(sent);
    String method = known ? sent : "HTTP";
    SpanBuilder builder =
        tracer
            .spanBuilder(route.map(path -> method + " " + path).orElse(method))
            .setParent(caller)
            .setSpanKind(SpanKind.SERVER)
            .setAttribute("http.request.method", known ? sent : "_OTHER")
            .setAttribute("url.path", request.getHttpURI().getPath())
            .setAttribute("boxlite.request.id", RestHandler.requestId(request));
    route.ifPresent(path -> builder.setAttribute("http.route", path));
    if (!known) {
      builder.setAttribute("http.request.method_original", sent);
    }
    String agent = request.getHeaders().get(HttpHeader.USER_AGENT);
    if (agent != null) {
      builder.setAttribute("user_agent.original", agent);
    }
    address(builder, request);
    return new Recording(builder.startSpan(), caller);
  }

  private static void address(SpanBuilder builder, Request request) {
    builder.setAttribute("url.scheme", request.isSecure() ? "https" : "http");
    if (request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress) {
      builder
          .setAttribute("network.transport", "tcp")
          .setAttribute("client.address", Request.getRemoteAddr(request))
          .setAttribute("server.address", Request.getServerName(request))
          .setAttribute("server.port", (long) Request.getServerPort(request));
    } else {
      builder.setAttribute("network.transport", "unix");
    }
  }

  @Override
  public void close() {
    sdk.getSdkTracerProvider().shutdown().join(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private final class Recording implements Tracing.RequestSpan {
    private static final int INTERNAL = 500;

    private final Span span;
    private final Context context;

    Recording(Span span, Context caller) {
      this.span = span;
      context = caller.with(span);
    }

    @Override
    public boolean isRecorded() {
      return span.getSpanContext().isSampled();
    }

    @Override
    public Optional<String> traceId() {
      return Optional.of(span.getSpanContext().getTraceId());
    }

    @Override
    public void stage(String name, Instant begin, Duration length, Map<String, String> attributes) {
      SpanBuilder builder = tracer.spanBuilder(name).setParent(context).setStartTimestamp(begin);
      attributes.forEach(builder::setAttribute);
      builder.startSpan().end(begin.plus(length));
    }

    @Override
    public void end(int status, @Nullable Throwable failure) {
      span.setAttribute("http.response.status_code", (long) status);
      if (failure != null) {
        span.setStatus(StatusCode.ERROR);
        span.setAttribute("error.type", failure.getClass().getName());
      } else if (status >= INTERNAL) {
        span.setStatus(StatusCode.ERROR);
        span.setAttribute("error.type", Integer.toString(status));
      }
      span.end();
    }
  }
}
