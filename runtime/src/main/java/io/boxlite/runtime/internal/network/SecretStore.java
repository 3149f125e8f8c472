package io.boxlite.runtime.internal.network;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.api.StorageException;
import io.boxlite.network.SecretVault;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.layout.HomeLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The secrets of a runtime's boxes, at rest. Thread-safe.
final class SecretStore {
  private static final int MAX_SEALED = 32 << 20;

  private final Path file;
  private final Optional<String> key;
  private @Nullable SecretVault vault;

  /// @param layout of the home
  /// @param key what the user gave as the key
  SecretStore(HomeLayout layout, Optional<String> key) {
    this.file = layout.secretKey();
    this.key = key;
  }

  /// {@return what seals; opened once, when the first box needs it: that can take some tenths of a
  /// second}
  synchronized SecretVault vault() {
    SecretVault opened = vault;
    if (opened == null) {
      opened = SecretVault.open(file, key);
      vault = opened;
    }
    return opened;
  }

  /// {@return the secrets of a new box, sealed}
  ///
  /// @param id of the box
  /// @param secrets with their values
  /// @throws ConfigException if one has none
  byte[] seal(String id, List<Secret> secrets) {
    for (Secret secret : secrets) {
      if (secret.value().isEmpty()) {
        throw new ConfigException(
            "secret_without_value", "secret '" + secret.name() + "' has no value; give it one");
      }
    }
    return vault().seal(id, secrets);
  }

  /// {@return the secrets of a box, with their values}
  ///
  /// @param id of the box
  /// @param files of the box
  /// @throws ConfigException if they were sealed with another key, or changed
  /// @throws StorageException if they cannot be read
  List<Secret> open(String id, BoxLayout files) {
    try (InputStream in = Files.newInputStream(files.secrets())) {
      return vault().open(id, in.readNBytes(MAX_SEALED));
    } catch (IOException e) {
      throw new StorageException(
          "secrets_lost",
          "secrets of box " + id + " cannot be read: " + e + "; make the box anew with its secrets",
          e,
          Map.of());
    }
  }
}
