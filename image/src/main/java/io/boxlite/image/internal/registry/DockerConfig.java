package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What Docker's configuration file knows about logging in. Immutable; the file is read when it is
/// made.
final class DockerConfig {
  private static final int MAX_BYTES = 4 << 20;

  /// The key that Docker has always kept the credentials of its hub under.
  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private final Path file;
  private final Map<String, String> environment;
  private final Map<String, Object> document;

  private DockerConfig(Path file, Map<String, String> environment, Map<String, Object> document) {
    this.file = file;
    this.environment = environment;
    this.document = document;
  }

  /// Reads `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
  ///
  /// @return empty if there is none
  /// @throws ConfigException if it cannot be read or is no JSON; names it
  static Optional<DockerConfig> read(Map<String, String> environment) {
    String directory = environment.getOrDefault("DOCKER_CONFIG", "");
    String home = environment.getOrDefault("HOME", "");
    if (directory.isEmpty() && home.isEmpty()) {
      return Optional.empty();
    }
    Path file =
        (directory.isEmpty() ? Path.of(home, ".docker") : Path.of(directory))
            .resolve("config.json");
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(MAX_BYTES + 1);
      if (content.length > MAX_BYTES) {
        throw invalid(file, "it has more than " + MAX_BYTES + " bytes");
      }
      return Optional.of(
          new DockerConfig(
              file,
              environment,
              content.length == 0 ? Map.of() : OciJson.object(content, "configuration")));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw invalid(file, Errors.text(e));
    } catch (ImageException e) {
      throw invalid(file, "it is no JSON object");
    }
  }

  private static ConfigException invalid(Path file, String why) {
    return new ConfigException(
        "invalid_docker_config",
        "cannot use Docker's configuration " + file + ": " + why + "; mend it or move it away");
  }

  /// Finds what is known about a repository.
  ///
  /// @param host of the registry, with its port if one was given; `docker.io` for Docker Hub
  /// @param path of the repository
  Optional<Login> login(String host, String path) {
    List<String> hosts =
        host.equals(Endpoint.DOCKER_HUB)
            ? List.of("index.docker.io", "docker.io", "registry-1.docker.io")
            : List.of(host);
    Optional<String> helper =
        hosts.stream().map(name -> helper(name)).flatMap(Optional::stream).findFirst();
    if (helper.isPresent()) {
      Optional<Login> login =
          new CredentialProgram(helper.get(), file, environment)
              .get(host.equals(Endpoint.DOCKER_HUB) ? HUB_KEY : host);
      if (login.isPresent()) {
        return login;
      }
    }
    return auths(hosts, path);
  }

  private Optional<String> helper(String host) {
    Object helper =
        document.get("credHelpers") instanceof Map<?, ?> helpers ? helpers.get(host) : null;
    Object chosen = helper == null ? document.get("credsStore") : helper;
    return chosen instanceof String name && !name.isEmpty() ? Optional.of(name) : Optional.empty();
  }

  private record Match(int length, Map<?, ?> entry) {}

  // The longest key that the repository is under wins: some tools write host/namespace.
  private Optional<Login> auths(List<String> hosts, String path) {
    List<Match> matches = new ArrayList<>();
    if (document.get("auths") instanceof Map<?, ?> auths) {
      auths.forEach((key, value) -> {
        String place = place(String.valueOf(key));
        for (String host : hosts) {
          if (value instanceof Map<?, ?> entry && isUnder(host + "/" + path, host, place)) {
            matches.add(new Match(place.length() - host.length(), entry));
          }
        }
      });
    }
    return matches.stream()
        .sorted((one, other) -> Integer.compare(other.length, one.length))
        .map(match -> login(match.entry))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static boolean isUnder(String repository, String host, String place) {
    return place.equals(host) || repository.equals(place) || repository.startsWith(place + "/");
  }

  // Host and path of a key: without scheme, and without the /v1/ or /v2/ of an API.
  private static String place(String key) {
    int scheme = key.indexOf("://");
    String place = scheme < 0 ? key : key.substring(scheme + 3);
    int slash = place.indexOf('/');
    String host = (slash < 0 ? place : place.substring(0, slash)).toLowerCase(Locale.ROOT);
    String path = slash < 0 ? "" : place.substring(slash);
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    return path.equals("/v1") || path.equals("/v2") ? host : host + path;
  }

  private Optional<Login> login(Map<?, ?> entry) {
    String identity = text(entry, "identitytoken");
    if (!identity.isEmpty()) {
      return Optional.of(new Login.RefreshToken(identity));
    }
    String token = text(entry, "registrytoken");
    if (!token.isEmpty()) {
      return Optional.of(new Login.Bearer(token));
    }
    String auth = text(entry, "auth");
    if (auth.isEmpty()) {
      String username = text(entry, "username");
      return username.isEmpty()
          ? Optional.empty()
          : Optional.of(new Login.Password(username, text(entry, "password")));
    }
    try {
      String both = new String(Base64.getDecoder().decode(auth.strip()), UTF_8);
      int colon = both.indexOf(':');
      if (colon > 0) {
        String password = both.substring(colon + 1);
        while (password.endsWith("\0")) { // as old versions wrote it
          password = password.substring(0, password.length() - 1);
        }
        String username = both.substring(0, colon);
        return Optional.of(
            username.equals("<token>")
                ? new Login.RefreshToken(password)
                : new Login.Password(username, password));
      }
    } catch (IllegalArgumentException e) {
      // Falls through: no message shows it.
    }
    throw invalid(file, "an auth of it is not base64 of user:password");
  }

  private static String text(Map<?, ?> entry, String name) {
    return entry.get(name) instanceof String text ? text : "";
  }
}
