package io.boxlite.api;

/// What a box and its network have exchanged since the box started. Immutable.
///
/// @param bytesSent by the box
/// @param bytesReceived by the box
/// @param packetsSent Ethernet frames by the box
/// @param packetsReceived Ethernet frames by the box
/// @param tcpConnections connections that the box opened
/// @param tcpErrors of these, how many failed
/// @param udpFlows pairs of a port of the box and a place that it sent datagrams to
/// @param openFlows connections and such pairs that are open now
/// @param denials what the box tried and was denied
/// @param dnsQuestions questions to the box's resolver
/// @since 0.1
public record NetworkMetrics(
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
