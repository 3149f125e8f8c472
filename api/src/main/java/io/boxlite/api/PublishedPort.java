package io.boxlite.api;

/// A port of the host that leads into a running box. Immutable.
///
/// @param guestPort port of the box
/// @param hostIp address of the host that it is bound to
/// @param hostPort port of the host
/// @param protocol of both
/// @since 0.1
public record PublishedPort(
    int guestPort, String hostIp, int hostPort, PortMapping.Protocol protocol) {}
