package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The network of a box, as every answer shows it. Immutable.
///
/// @param mode `enabled` or `disabled`
/// @param allowNet what it may reach; empty: everything
/// @param denyNet what it may not reach
/// @param publishedPorts ports of the host that lead into it now
/// @param secrets values that go to hosts in place of what it has
/// @param problem why it has no network although it should
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record NetworkInfoBody(
    String mode,
    @Nullable List<String> allowNet,
    @Nullable List<String> denyNet,
    @Nullable List<PortBody> publishedPorts,
    @Nullable List<SecretInfoBody> secrets,
    @Nullable String problem) {}
