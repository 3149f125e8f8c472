package io.boxlite.client;

import java.util.List;
import java.util.Optional;

/// Who a program is to a server. Immutable.
///
/// @param sub stable id
/// @param type `user` or `service_account`
/// @param scopes what it may do
/// @param email address
/// @param displayName for people
/// @param pathPrefix prefix that its paths need
/// @param expiresAt end of the credential, RFC 3339
/// @since 0.1
public record Principal(
    String sub,
    String type,
    List<String> scopes,
    Optional<String> email,
    Optional<String> displayName,
    Optional<String> pathPrefix,
    Optional<String> expiresAt) {
  /// Copies the list.
  public Principal {
    scopes = List.copyOf(scopes);
  }
}
