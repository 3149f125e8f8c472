package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An API key, as it is made and listed. Immutable.
///
/// @param name unique
/// @param scopes what it allows; absent when it is made: everything
/// @param createdAt RFC 3339
/// @param key what a client sends; only in the answer to the request that made it
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ApiKeyBody(
    String name, @Nullable List<String> scopes, @Nullable String createdAt, @Nullable String key) {
  /// Does not show the key.
  @Override
  public String toString() {
    return "ApiKeyBody[" + name + "]";
  }
}
