package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// Counters of a runtime. Immutable.
///
/// @param boxesCreatedTotal boxes made
/// @param boxesFailedTotal starts that failed
/// @param boxesStoppedTotal boxes that stopped
/// @param numRunningBoxes running now
/// @param totalCommandsExecuted execs asked for
/// @param totalExecErrors of these, not started
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record MetricsBody(
    long boxesCreatedTotal,
    long boxesFailedTotal,
    long boxesStoppedTotal,
    long numRunningBoxes,
    long totalCommandsExecuted,
    long totalExecErrors) {}
