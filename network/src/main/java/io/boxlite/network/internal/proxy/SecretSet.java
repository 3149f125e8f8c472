package io.boxlite.network.internal.proxy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import java.util.List;

/// The secrets of a box. Immutable.
public final class SecretSet {
  private final List<Secret> secrets;

  /// Makes one.
  ///
  /// @param secrets with their values
  /// @throws ConfigException when a value has line ends, with which a header could be made
  public SecretSet(List<Secret> secrets) {
    for (Secret secret : secrets) {
      if (secret.value().chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)) {
        throw new ConfigException(
            "invalid_secret",
            "secret '"
                + secret.name()
                + "' cannot be used: its value has line ends; give it without");
      }
      if (secret.placeholder().isEmpty()
          || secret.placeholder().chars().anyMatch(c -> c <= ' ' || c > '~')) {
        throw new ConfigException(
            "invalid_secret",
            "secret '"
                + secret.name()
                + "' cannot be used: its placeholder must be of visible ASCII characters; give another");
      }
    }
    this.secrets = List.copyOf(secrets);
  }

  /// {@return whether a secret may go to that host by TLS}
  ///
  /// @param host its name
  public boolean opens(String host) {
    return secrets.stream().anyMatch(s -> HostPattern.matches(s.hosts(), host));
  }

  /// {@return whether a secret may go without TLS}
  public boolean opensPlainHttp() {
    return secrets.stream().anyMatch(Secret::plainHttp);
  }

  /// {@return whether there are none}
  public boolean isEmpty() {
    return secrets.isEmpty();
  }

  Substitution forHost(String host, boolean tls) {
    return new Substitution(
        secrets.stream()
            .filter(s -> tls || s.plainHttp())
            .filter(s -> HostPattern.matches(s.hosts(), host))
            .toList());
  }

  @Override
  public String toString() {
    return "SecretSet of " + secrets.size();
  }
}
