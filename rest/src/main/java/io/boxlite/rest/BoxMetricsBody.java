package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Figures of one box. Immutable.
///
/// @param commandsExecutedTotal execs asked for
/// @param execErrorsTotal of these, not started
/// @param bytesSentTotal not counted: 0
/// @param bytesReceivedTotal not counted: 0
/// @param cpuPercent share of one host CPU
/// @param memoryBytes resident memory of the VM
/// @param cpuTimeMs CPU time of the VM
/// @param bootTiming stages of the last start
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record BoxMetricsBody(
    long commandsExecutedTotal,
    long execErrorsTotal,
    long bytesSentTotal,
    long bytesReceivedTotal,
    @Nullable Double cpuPercent,
    @Nullable Long memoryBytes,
    @Nullable Long cpuTimeMs,
    @Nullable BootTimingBody bootTiming) {}
