package io.boxlite.api;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Where a server is, and what this program shows it. Immutable.
///
/// @param url `http` or `https`, host, optional port and base path
/// @param apiKey what the server knows this program by
/// @param pathPrefix what stands in paths after `/v1`, on servers of many tenants
/// @param caFile PEM file of authorities that are trusted besides those of the system
/// @param registries how registries are reached when this program fetches or sends images
/// @since 0.1
public record RestOptions(
    URI url,
    Optional<String> apiKey,
    Optional<String> pathPrefix,
    Optional<Path> caFile,
    List<ImageRegistry> registries) {
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*");
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]+");

  /// Checks all of it.
  ///
  /// @throws ConfigException if the URL, the key or the prefix cannot be used
  public RestOptions {
    registries = List.copyOf(registries);
    String scheme = url.getScheme();
    boolean known = "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
    if (!known || url.getHost() == null || url.getQuery() != null || url.getFragment() != null) {
      throw new ConfigException(
          "invalid_url",
          "server URL '" + shown(url) + "' must be http://HOST[:PORT] or https://HOST[:PORT]");
    }
    if (url.getUserInfo() != null) {
      throw new ConfigException(
          "invalid_url", "server URL of " + url.getHost() + " must not have a user or password");
    }
    if (apiKey.isPresent() && !KEY.matcher(apiKey.get()).matches()) {
      throw new ConfigException(
          "invalid_api_key", "the API key is empty or has characters that no header can carry");
    }
    if (pathPrefix.isPresent()
        && (!PREFIX.matcher(pathPrefix.get()).matches()
            || List.of(pathPrefix.get().split("/")).stream().anyMatch(RestOptions::isDots))) {
      throw new ConfigException(
          "invalid_path_prefix", "path prefix '" + pathPrefix.get() + "' must be path segments");
    }
  }

  private static boolean isDots(String segment) {
    return segment.equals(".") || segment.equals("..");
  }

  private static String shown(URI url) {
    return url.getRawUserInfo() == null ? url.toString() : "of " + url.getHost();
  }

  /// {@return options of a URL alone}
  ///
  /// @param url as of the record
  /// @throws ConfigException if it is none
  public static RestOptions of(String url) {
    try {
      URI parsed = URI.create(url.strip());
      return new RestOptions(
          parsed, Optional.empty(), Optional.empty(), Optional.empty(), List.of());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "invalid_url", "server URL '" + url + "' is no URL: " + e.getMessage(), e, Map.of());
    }
  }

  /// {@return the same with an API key}
  ///
  /// @param key of the server
  public RestOptions withApiKey(String key) {
    return new RestOptions(url, Optional.of(key), pathPrefix, caFile, registries);
  }

  /// {@return the same with a path prefix}
  ///
  /// @param prefix segments with slashes between
  public RestOptions withPathPrefix(String prefix) {
    return new RestOptions(url, apiKey, Optional.of(prefix), caFile, registries);
  }

  /// {@return the same with authorities of its own}
  ///
  /// @param file PEM
  public RestOptions withCaFile(Path file) {
    return new RestOptions(url, apiKey, pathPrefix, Optional.of(file), registries);
  }

  /// {@return the same with entries for registries}
  ///
  /// @param entries as of the record
  public RestOptions withRegistries(List<ImageRegistry> entries) {
    return new RestOptions(url, apiKey, pathPrefix, caFile, entries);
  }

  /// Does not show the key.
  @Override
  public String toString() {
    return "RestOptions[" + url + pathPrefix.map(prefix -> " " + prefix).orElse("") + "]";
  }
}
