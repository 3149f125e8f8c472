package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// A way to a port of a box. Immutable.
///
/// @param uri where `CONNECT` makes a connection to it; whoever knows it gets in
/// @since 0.1
@Json
public record TunnelBody(String uri) {}
