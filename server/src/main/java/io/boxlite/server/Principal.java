package io.boxlite.server;

import io.boxlite.rest.Scopes;
import java.util.Set;

/// Who sends a request. Immutable.
///
/// @param name for people and for the audit log
/// @param scopes what it may do
/// @param local whether it is a process of this user, on the Unix socket
/// @param hostPaths whether it may name files and directories of this machine
record Principal(String name, Set<String> scopes, boolean local, boolean hostPaths) {
  static final String ATTRIBUTE = Principal.class.getName();

  /// On the Unix socket.
  static final Principal LOCAL =
      new Principal("local-anonymous", Set.copyOf(Scopes.ALL), true, true);
}
