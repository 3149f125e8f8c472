package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;

/// What is known to log in to one registry. Texts show no secret.
sealed interface Login {
  /// Name and password: sent to the registry, or to its token server.
  record Password(String username, String password) implements Login {
    String header() {
      return "Basic "
          + Base64.getEncoder().encodeToString((username + ":" + password).getBytes(UTF_8));
    }

    @Override
    public String toString() {
      return "Password[" + username + "]";
    }
  }

  /// An OAuth 2 refresh token: gets tokens of a token server.
  record RefreshToken(String token) implements Login {
    @Override
    public String toString() {
      return "RefreshToken[]";
    }
  }

  /// A token that the registry takes as it is.
  record Bearer(String token) implements Login {
    @Override
    public String toString() {
      return "Bearer[]";
    }
  }
}
