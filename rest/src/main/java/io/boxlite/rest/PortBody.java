package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// A port of the host that leads into a box: as asked for, and as it is. Immutable.
///
/// @param hostIp address of the host; absent: the server's default
/// @param hostPort port of the host; absent or 0: any
/// @param guestPort port of the box
/// @param protocol `tcp` (default) or `udp`
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record PortBody(
    @Nullable String hostIp,
    @Nullable Integer hostPort,
    @Nullable Integer guestPort,
    @Nullable String protocol) {}
