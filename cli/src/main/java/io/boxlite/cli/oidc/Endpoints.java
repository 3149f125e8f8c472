package io.boxlite.cli.oidc;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.Optional;

/// Where an issuer takes what. Source: OpenID Connect Discovery 1.0, section 3; RFC 8414; RFC 8628,
/// section 4. Immutable.
///
/// @param issuer as it names itself in tokens
/// @param authorization where the browser goes
/// @param token where tokens are given
/// @param device where device codes are given
/// @param revocation where tokens are given back
record Endpoints(
    String issuer, Optional<URI> authorization, URI token, URI device, Optional<URI> revocation) {
  /// {@return what an issuer says of itself}
  ///
  /// @param asked the issuer that was asked
  /// @param document its answer
  /// @throws NetworkException if it cannot be used
  static Endpoints of(String asked, Map<?, ?> document) {
    String issuer = text(document, "issuer").orElse("");
    if (!withoutSlash(issuer).equals(withoutSlash(asked))) {
      throw Issuer.unusable(asked, "it calls itself '" + Issuer.shown(issuer) + "'");
    }
    URI token =
        endpoint(document, "token_endpoint")
            .orElseThrow(() -> Issuer.unusable(asked, "it has no token_endpoint"));
    return new Endpoints(
        issuer,
        endpoint(document, "authorization_endpoint"),
        token,
        endpoint(document, "device_authorization_endpoint")
            .orElseGet(() -> URI.create(withoutSlash(asked) + "/device/code")),
        endpoint(document, "revocation_endpoint"));
  }

  private static Optional<URI> endpoint(Map<?, ?> document, String name) {
    return text(document, name).map(url -> checked(name, url));
  }

  /// {@return a member of an object, if it is a text}
  static Optional<String> text(Map<?, ?> object, String name) {
    return object.get(name) instanceof String text && !text.isEmpty()
        ? Optional.of(text)
        : Optional.empty();
  }

  static String withoutSlash(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  /// {@return a URL that passwords and tokens may go to}
  ///
  /// @param what it is, for the message
  /// @throws ConfigException if somebody between could read along
  static URI checked(String what, String url) {
    try {
      URI uri = new URI(url);
      boolean safe =
          "https".equalsIgnoreCase(uri.getScheme())
              || ("http".equalsIgnoreCase(uri.getScheme()) && isLoopback(uri));
      if (safe
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawFragment() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // refused below
    }
    throw new ConfigException(
        "invalid_oidc_setting",
        "the " + what + " '" + Issuer.shown(url) + "' must be an https URL");
  }

  private static boolean isLoopback(URI uri) {
    String host = uri.getHost();
    if (host == null) {
      return false;
    }
    // No look-up: what a name leads to is not known before it is used.
    return host.equalsIgnoreCase("localhost")
        || (host.matches("[0-9.]+|\\[[0-9a-fA-F:.]+]")
            && InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress());
  }
}
