package io.boxlite.server;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where the spans of requests go. The one place that knows that there may be none; what is behind
/// it is loaded when it is configured only. Thread-safe.
interface Tracing extends AutoCloseable {
  /// No spans.
  Tracing NONE =
      new Tracing() {
        @Override
        public RequestSpan begin(Request request, Optional<String> route) {
          return RequestSpan.NONE;
        }

        @Override
        public void close() {}
      };

  /// {@return what the standard variables of OpenTelemetry ask for} Settings that cannot be used
  /// are logged, and there are no spans.
  static Tracing ofEnvironment(Map<String, String> environment) {
    if (!isConfigured(environment)) {
      return NONE;
    }
    Logger log = LoggerFactory.getLogger(Tracing.class);
    try {
      return OtlpTracing.open(environment);
    } catch (LinkageError e) {
      log.warn("no traces: the libraries of OpenTelemetry are not there", e);
    } catch (RuntimeException e) {
      // Its message may quote what a variable says, and headers are secrets; so may a stack.
      String message = String.valueOf(e.getMessage()).replaceFirst("=.*", "");
      log.warn("no traces: the OTEL_ variables cannot be used: {}", message);
    }
    return NONE;
  }

  private static boolean isConfigured(Map<String, String> environment) {
    return (isSet(environment, "OTEL_EXPORTER_OTLP_ENDPOINT")
            || isSet(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        && !environment.getOrDefault("OTEL_SDK_DISABLED", "").equalsIgnoreCase("true")
        && !environment.getOrDefault("OTEL_TRACES_EXPORTER", "").equals("none");
  }

  private static boolean isSet(Map<String, String> environment, String name) {
    return !environment.getOrDefault(name, "").isBlank();
  }

  /// Begins the span of a request; it is part of the trace that the client's `traceparent` names.
  ///
  /// @param route its path with the names of parameters; empty for an unknown one
  RequestSpan begin(Request request, Optional<String> route);

  /// Sends what has not been sent yet, for a moment.
  @Override
  void close();

  /// The span of a request.
  interface RequestSpan {
    /// Not recorded.
    RequestSpan NONE =
        new RequestSpan() {
          @Override
          public boolean isRecorded() {
            return false;
          }

          @Override
          public Optional<String> traceId() {
            return Optional.empty();
          }

          @Override
          public void stage(
              String name, Instant begin, Duration length, Map<String, String> attributes) {}

          @Override
          public void end(int status, @Nullable Throwable failure) {}
        };

    /// Whether it is worth finding out about stages.
    boolean isRecorded();

    /// {@return the trace that it is part of}
    Optional<String> traceId();

    /// Adds something that happened within it, as a span of its own; it may have gone on behind its
    /// end.
    void stage(String name, Instant begin, Duration length, Map<String, String> attributes);

    /// Ends it.
    ///
    /// @param status of the answer
    /// @param failure why the answer broke off; null when it did not
    void end(int status, @Nullable Throwable failure);
  }
}
