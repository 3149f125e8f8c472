package io.boxlite.cli.oidc;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.rest.JsonCodec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Checks that an ID token is the answer to this login. Its signature is not looked at: it came
/// from the issuer itself by TLS, which OpenID Connect Core 1.0, section 3.1.3.7, takes for as
/// good; and nobody is let in here by what it says: that decides the server, by the access token.
final class IdToken {
  private static final int PARTS = 3;

  private IdToken() {}

  /// @param tokens those of the login
  /// @param nonce of its request, if it had one
  /// @throws NetworkException if the token is of another login, issuer or program
  static void check(Issuer issuer, Tokens tokens, Optional<String> nonce) {
    if (tokens.id().isEmpty()) {
      return;
    }
    Map<?, ?> claims = claims(issuer, tokens.id().get());
    boolean ours =
        issuer.endpoints().issuer().equals(claims.get("iss"))
            && isFor(issuer.settings().clientId(), claims.get("aud"))
            && (nonce.isEmpty() || nonce.get().equals(claims.get("nonce")));
    if (!ours) {
      throw foreign(issuer);
    }
  }

  private static boolean isFor(
      String clientId, @org.jspecify.annotations.Nullable Object audience) {
    return audience instanceof List<?> all ? all.contains(clientId) : clientId.equals(audience);
  }

  private static Map<?, ?> claims(Issuer issuer, String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length == PARTS) {
      try {
        if (JsonCodec.readTree(Base64.getUrlDecoder().decode(parts[1])) instanceof Map<?, ?> map) {
          return map;
        }
      } catch (IllegalArgumentException | ConfigException e) {
        // refused below
      }
    }
    throw foreign(issuer);
  }

  private static NetworkException foreign(Issuer issuer) {
    return Issuer.unusable(
        issuer.settings().issuer(), "its ID token is not one for this login; log in again");
  }
}
