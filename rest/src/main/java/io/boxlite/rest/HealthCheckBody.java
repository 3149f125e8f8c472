package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How to find out whether a box works; what is absent is as the image says. Immutable.
///
/// @param test `["NONE"]`, `["CMD", program, argument...]` or `["CMD-SHELL", command]`
/// @param interval seconds between probes
/// @param timeout seconds that a probe may take
/// @param startPeriod seconds after the start in which failures do not count
/// @param retries failures in a row that make it unhealthy
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record HealthCheckBody(
    @Nullable List<String> test,
    @Nullable Double interval,
    @Nullable Double timeout,
    @Nullable Double startPeriod,
    @Nullable Integer retries) {}
