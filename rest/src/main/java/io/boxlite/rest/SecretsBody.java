package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Secrets in a file of the user's. Immutable.
///
/// @param secrets as of a new box
/// @since 0.1
@Json
public record SecretsBody(@Nullable List<SecretBody> secrets) {}
