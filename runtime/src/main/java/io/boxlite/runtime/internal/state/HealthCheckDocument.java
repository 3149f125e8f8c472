package io.boxlite.runtime.internal.state;

import io.avaje.jsonb.Json;
import io.boxlite.api.HealthCheck;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A health check in the document of a box; times as in ISO 8601.
@Json(naming = Json.Naming.LowerUnderscore)
record HealthCheckDocument(
    @Nullable List<String> test,
    @Nullable String interval,
    @Nullable String timeout,
    @Nullable String startPeriod,
    @Nullable Integer retries) {

  static HealthCheckDocument of(HealthCheck check) {
    return new HealthCheckDocument(
        check.test(),
        check.interval().map(Duration::toString).orElse(null),
        check.timeout().map(Duration::toString).orElse(null),
        check.startPeriod().map(Duration::toString).orElse(null),
        check.retries().orElse(null));
  }

  HealthCheck toCheck() {
    return new HealthCheck(
        test == null ? List.of() : test,
        Optional.ofNullable(interval).map(Duration::parse),
        Optional.ofNullable(timeout).map(Duration::parse),
        Optional.ofNullable(startPeriod).map(Duration::parse),
        Optional.ofNullable(retries));
  }
}
