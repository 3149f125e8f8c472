package io.boxlite.api;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// How one registry is reached, as `image_registries` of the configuration file say. A registry
/// without an entry is reached over https with the credentials of Docker's configuration.
/// Immutable.
///
/// @param host host, with its port unless it is the default one; without scheme and path
/// @param plainHttp whether http is spoken instead of https
/// @param skipVerify whether its certificate is not checked
/// @param search whether names without a registry are looked for here, before Docker Hub
/// @param credentials how to log in; anonymously when empty
/// @param caFile PEM certificates that are trusted for it, beside those of the system
/// @param mirrors registries that are asked first for what it has; `host` or `http://host` each
/// @since 0.1
public record ImageRegistry(
    String host,
    boolean plainHttp,
    boolean skipVerify,
    boolean search,
    Optional<Credentials> credentials,
    Optional<String> caFile,
    List<String> mirrors) {
  private static final Pattern HOST =
      Pattern.compile(
          "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+])(?::[0-9]{1,5})?");
  private static final String HTTP = "http://";
  private static final String HTTPS = "https://";

  /// Checks the hosts.
  ///
  /// @throws ConfigException if a host is malformed; names it
  public ImageRegistry {
    checkHost(host);
    mirrors = List.copyOf(mirrors);
    for (String mirror : mirrors) {
      checkHost(
          mirror.startsWith(HTTP)
              ? mirror.substring(HTTP.length())
              : mirror.startsWith(HTTPS) ? mirror.substring(HTTPS.length()) : mirror);
    }
  }

  private static void checkHost(String host) {
    if (!HOST.matcher(host).matches()) {
      throw new ConfigException(
          "invalid_registry",
          "registry '"
              + host.substring(host.lastIndexOf('@') + 1) // before it may be a password
              + "' must be a host, or host:port, without scheme, user and path");
    }
  }

  /// A registry that is reached over https and searched for names without a registry: what
  /// `--registry HOST` means.
  ///
  /// @param host host, with its port unless it is the default one
  /// @return the entry
  /// @throws ConfigException if the host is malformed
  public static ImageRegistry searched(String host) {
    return new ImageRegistry(
        host, false, false, true, Optional.empty(), Optional.empty(), List.of());
  }

  /// {@return whether this entry is about a host}
  ///
  /// @param other host, with its port if one was given
  public boolean isFor(String other) {
    return host.equalsIgnoreCase(other);
  }

  /// How to log in. Its text shows no secret.
  public sealed interface Credentials {
    /// A name and a password.
    ///
    /// @param username the name
    /// @param password the password
    record Basic(String username, String password) implements Credentials {
      @Override
      public String toString() {
        return "Basic[" + username + "]";
      }
    }

    /// A token that is sent as it is.
    ///
    /// @param token the token
    record Bearer(String token) implements Credentials {
      @Override
      public String toString() {
        return "Bearer[]";
      }
    }
  }
}
