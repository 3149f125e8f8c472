package io.boxlite.client;

import java.util.List;
import java.util.Optional;

/// An API key of those who come by TCP. Immutable.
///
/// @param name unique
/// @param scopes what it allows
/// @param createdAt RFC 3339
/// @param value what a client sends; only when it has just been made
/// @since 0.1
public record ApiKey(String name, List<String> scopes, String createdAt, Optional<String> value) {
  /// Copies the list.
  public ApiKey {
    scopes = List.copyOf(scopes);
  }

  /// Does not show the key.
  @Override
  public String toString() {
    return "ApiKey[" + name + "]";
  }
}
