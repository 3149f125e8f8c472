package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Figures of one box. Immutable.
///
/// @param commandsExecutedTotal execs asked for
/// @param execErrorsTotal of these, not started
/// @param bytesSentTotal by the box; 0 without a network
/// @param bytesReceivedTotal by the box; 0 without a network
/// @param cpuPercent of one host CPU, at present
/// @param memoryBytes resident memory of the VM
/// @param cpuTimeMs CPU time of the VM
/// @param diskBytes file of the box's disk
/// @param networkBytesSent as `bytesSentTotal`; absent without a network
/// @param networkBytesReceived likewise
/// @param networkTcpConnections opened; absent without a network
/// @param networkTcpErrors of these, failed; absent without a network
/// @param networkPacketsSent Ethernet frames of the box; absent without a network, as all that
///   follow
/// @param networkPacketsReceived Ethernet frames for the box
/// @param networkUdpFlows begun
/// @param networkOpenFlows at present
/// @param networkDenials what the box tried and was denied
/// @param networkDnsQuestions to the box's resolver
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
    @Nullable Long diskBytes,
    @Nullable Long networkBytesSent,
    @Nullable Long networkBytesReceived,
    @Nullable Long networkTcpConnections,
    @Nullable Long networkTcpErrors,
    @Nullable Long networkPacketsSent,
    @Nullable Long networkPacketsReceived,
    @Nullable Long networkUdpFlows,
    @Nullable Long networkOpenFlows,
    @Nullable Long networkDenials,
    @Nullable Long networkDnsQuestions,
    @Nullable BootTimingBody bootTiming) {}
