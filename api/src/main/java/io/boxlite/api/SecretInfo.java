package io.boxlite.api;

import java.util.List;

/// What anybody may know of a secret of a box. Immutable.
///
/// @param name what the user calls it
/// @param hosts where it may go
/// @since 0.1
public record SecretInfo(String name, List<String> hosts) {
  /// Copies.
  public SecretInfo {
    hosts = List.copyOf(hosts);
  }

  /// {@return of a secret}
  ///
  /// @param secret which
  public static SecretInfo of(Secret secret) {
    return new SecretInfo(secret.name(), secret.hosts());
  }
}
