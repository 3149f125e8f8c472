package io.boxlite.network;

/// What the network of a box has done since the box was started. Immutable.
///
/// @param bytesSent by the box
/// @param bytesReceived by the box
/// @param packetsSent by the box
/// @param packetsReceived by the box
/// @param tcpConnections that were begun, either way
/// @param tcpErrors connections that failed
/// @param udpFlows that were begun
/// @param openFlows that are open now
/// @param denials flows that were refused
/// @param dnsQuestions that the box asked
/// @since 0.1
public record EgressFigures(
    long bytesSent,
    long bytesReceived,
    long packetsSent,
    long packetsReceived,
    long tcpConnections,
    long tcpErrors,
    long udpFlows,
    long openFlows,
    long denials,
    long dnsQuestions) {}
