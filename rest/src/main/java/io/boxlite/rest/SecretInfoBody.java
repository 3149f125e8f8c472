package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What answers tell of a secret. Immutable.
///
/// @param name what the user calls it
/// @param hosts where it may go
/// @since 0.1
@Json
public record SecretInfoBody(String name, @Nullable List<String> hosts) {}
