package io.boxlite.server;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.StorageException;
import io.boxlite.rest.ApiKeyBody;
import io.boxlite.rest.ApiKeyListBody;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Scopes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The API keys of a home, in its file `keys.json` (0600): of each its name, what it allows, and
/// the SHA-256 of the key, which is random and long enough not to be guessed from it. Thread-safe;
/// the owner of the home alone writes the file.
final class ApiKeys {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");
  private static final String PREFIX = "blk_";
  private static final int KEY_BYTES = 32;
  private static final int MAX_FILE = 1024 * 1024;

  private final Path file;
  private final SecureRandom random = new SecureRandom();

  ApiKeys(Path file) {
    this.file = file;
  }

  /// Makes a key.
  ///
  /// @param name unique
  /// @param scopes what it allows; empty: everything
  /// @return with the key, which is nowhere afterwards
  /// @throws ConfigException if the name or a scope is none
  /// @throws AlreadyExistsException if the name is taken
  synchronized ApiKeyBody create(String name, List<String> scopes) {
    if (!NAME.matcher(name).matches()) {
      throw new ConfigException(
          "invalid_name",
          "name '"
              + name
              + "' of a key must have 1 to 63 letters, digits, '_', '.' or '-', and begin with a"
              + " letter or digit");
    }
    for (String scope : scopes) {
      if (!Scopes.ALL.contains(scope)) {
        throw new ConfigException(
            "invalid_scope", "scope '" + scope + "' is none of " + String.join(", ", Scopes.ALL));
      }
    }
    List<ApiKeyBody> keys = new ArrayList<>(stored());
    if (keys.stream().anyMatch(key -> key.name().equals(name))) {
      throw new AlreadyExistsException("key_exists", "an API key '" + name + "' exists");
    }
    byte[] bytes = new byte[KEY_BYTES];
    random.nextBytes(bytes);
    String key = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    List<String> granted = scopes.isEmpty() ? Scopes.ALL : List.copyOf(scopes);
    keys.add(new ApiKeyBody(name, granted, now, HexFormat.of().formatHex(Sha256.of(key))));
    write(keys);
    return new ApiKeyBody(name, granted, now, key);
  }

  /// {@return all, without what they are checked by}
  synchronized List<ApiKeyBody> list() {
    return stored().stream()
        .map(key -> new ApiKeyBody(key.name(), key.scopes(), key.createdAt(), null))
        .toList();
  }

  /// Makes a key worthless at once.
  ///
  /// @throws NotFoundException if there is none of that name
  synchronized void revoke(String name) {
    List<ApiKeyBody> keys = new ArrayList<>(stored());
    if (!keys.removeIf(key -> key.name().equals(name))) {
      throw new NotFoundException("key_not_found", "API key not found: " + name);
    }
    write(keys);
  }

  synchronized boolean isEmpty() {
    return stored().isEmpty();
  }

  /// {@return who has a key; takes as long for one that differs late as for one that differs early}
  ///
  /// @param digest of the key that was sent
  /// @param hostPaths whether the principal may name files of this machine
  synchronized Optional<Principal> find(byte[] digest, boolean hostPaths) {
    Optional<Principal> found = Optional.empty();
    for (ApiKeyBody key : stored()) {
      String hash = key.key();
      List<String> scopes = key.scopes();
      if (hash != null
          && scopes != null
          && MessageDigest.isEqual(HexFormat.of().parseHex(hash), digest)) {
        found = Optional.of(new Principal(key.name(), Set.copyOf(scopes), false, hostPaths));
      }
    }
    return found;
  }

  /// Read each time: it is short, and whoever restores a home from a backup changes it.
  private List<ApiKeyBody> stored() {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw new IOException("longer than " + MAX_FILE + " bytes");
      }
      return JsonCodec.readConfidentially(ApiKeyListBody.class, Files.readAllBytes(file)).keys();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException | ConfigException e) {
      throw new StorageException(
          "keys_unreadable",
          "cannot read the API keys in " + file + ": " + e.getMessage() + "; repair or remove it",
          e,
          Map.of());
    }
  }

  private void write(List<ApiKeyBody> keys) {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.deleteIfExists(next);
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(JsonCodec.write(new ApiKeyListBody(keys)));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException(
          "keys_unwritable", "cannot write the API keys to " + file + ": " + e, e, Map.of());
    }
  }
}
