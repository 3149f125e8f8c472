package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Turns health checks and what they came to into JSON bodies and back.
final class HealthMapping {
  private static final double NANOS = 1e9;
  private static final double MAX_SECONDS = 1e9;

  private HealthMapping() {}

  static HealthCheckBody toBody(HealthCheck check) {
    return new HealthCheckBody(
        check.test(),
        seconds(check.interval()),
        seconds(check.timeout()),
        seconds(check.startPeriod()),
        check.retries().orElse(null));
  }

  private static @Nullable Double seconds(Optional<Duration> time) {
    return time.isPresent() ? (Double) (time.get().toNanos() / NANOS) : null;
  }

  /// @throws ConfigException if it cannot be; names every violation
  static HealthCheck toCheck(HealthCheckBody body) {
    return new HealthCheck(
        OptionMapping.items("health_check.test", body.test()),
        time("interval", body.interval()),
        time("timeout", body.timeout()),
        time("start_period", body.startPeriod()),
        Optional.ofNullable(body.retries()));
  }

  private static Optional<Duration> time(String field, @Nullable Double seconds) {
    if (seconds == null) {
      return Optional.empty();
    }
    if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
      throw new ConfigException(
          "invalid_health_check",
          "health_check." + field + " must be a non-negative finite number of seconds");
    }
    return Optional.of(Duration.ofNanos(Math.round(seconds * NANOS)));
  }

  static HealthStatusBody toBody(HealthStatus status) {
    List<HealthStatus.Probe> log = status.log();
    return new HealthStatusBody(
        status.state().wireName(),
        status.failures(),
        log.isEmpty() ? null : log.getLast().end().toString(),
        log.stream()
            .map(probe ->
                new HealthStatusBody.Probe(
                    probe.start().toString(),
                    probe.end().toString(),
                    probe.exitCode(),
                    probe.output()))
            .toList());
  }

  static HealthStatus toStatus(HealthStatusBody body) {
    List<HealthStatusBody.Probe> log = body.log();
    return new HealthStatus(
        HealthStatus.State.ofWireName(body.state()),
        body.failures(),
        log == null ? List.of() : log.stream().map(HealthMapping::toProbe).toList());
  }

  private static HealthStatus.Probe toProbe(HealthStatusBody.Probe body) {
    return new HealthStatus.Probe(
        BoxMapping.instant(body.start()),
        BoxMapping.instant(body.end()),
        body.exitCode(),
        body.output());
  }
}
