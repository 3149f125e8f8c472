package io.boxlite.api;

/// What a box and its network have exchanged since the box started. Immutable.
///
/// @param bytesSent by the box
/// @param bytesReceived by the box
/// @param tcpConnections connections that the box opened
/// @param tcpErrors of these, how many failed
/// @since 0.1
public record NetworkMetrics(
    long bytesSent, long bytesReceived, long tcpConnections, long tcpErrors) {}
