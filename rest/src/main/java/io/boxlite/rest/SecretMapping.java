package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.api.SecretInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Turns secrets into bodies and back. No message tells a value.
///
/// @since 0.1
public final class SecretMapping {
  private SecretMapping() {}

  /// {@return the bodies of secrets, with their values; null for none}
  ///
  /// @param secrets of a new box
  public static @Nullable List<SecretBody> toBodies(List<Secret> secrets) {
    return secrets.isEmpty()
        ? null
        : secrets.stream()
            .map(secret ->
                new SecretBody(
                    secret.name(),
                    secret.value(),
                    secret.hosts(),
                    secret.placeholder(),
                    secret.plainHttp() ? (Boolean) true : null))
            .toList();
  }

  /// Reads the secrets of a new box.
  ///
  /// @param bodies absent: none
  /// @return the secrets
  /// @throws ConfigException if one has no name or value
  public static List<Secret> toSecrets(@Nullable List<SecretBody> bodies) {
    return bodies == null ? List.of() : bodies.stream().map(SecretMapping::toSecret).toList();
  }

  private static Secret toSecret(@Nullable SecretBody body) {
    String name = body == null ? null : body.name();
    String value = body == null ? null : body.value();
    if (body == null || name == null || value == null || value.isEmpty()) {
      throw new ConfigException("invalid_secrets", "secrets must each have a name and a value");
    }
    String placeholder = body.placeholder();
    return new Secret(
        name,
        value,
        OptionMapping.items("secrets.hosts", body.hosts()),
        placeholder == null ? Secret.placeholderOf(name) : placeholder,
        Boolean.TRUE.equals(body.plainHttp()));
  }

  static List<SecretInfoBody> toInfoBodies(List<SecretInfo> secrets) {
    return secrets.stream()
        .map(secret -> new SecretInfoBody(secret.name(), secret.hosts()))
        .toList();
  }

  static List<SecretInfo> toInfos(@Nullable List<SecretInfoBody> bodies) {
    return bodies == null
        ? List.of()
        : bodies.stream()
            .map(body ->
                new SecretInfo(body.name(), OptionMapping.items("secrets.hosts", body.hosts())))
            .toList();
  }
}
