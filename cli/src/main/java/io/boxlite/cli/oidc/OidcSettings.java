package io.boxlite.cli.oidc;

import io.boxlite.api.ConfigException;
import java.util.Optional;

/// Where people log in, and as what program. Immutable.
///
/// @param issuer URL; `https`, but for one on the loopback of this machine
/// @param clientId of this program at the issuer
/// @param audience what the tokens are for, where the issuer wants to be told
/// @since 0.1
public record OidcSettings(String issuer, String clientId, Optional<String> audience) {
  private static final int MAX_TEXT = 1024;

  /// @throws ConfigException if the issuer is not a URL that can be trusted, or a text is not one
  ///   line
  public OidcSettings {
    Endpoints.checked("issuer", issuer);
    check("client id", clientId);
    audience.ifPresent(text -> check("audience", text));
  }

  private static void check(String what, String text) {
    if (text.isBlank() || text.length() > MAX_TEXT || !text.chars().allMatch(c -> c >= ' ')) {
      throw new ConfigException("invalid_oidc_setting", "the " + what + " makes no sense");
    }
  }
}
