package io.boxlite.cli.command;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.RestOptions;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/// Decides which server a command is for: that of `--url` or `BOXLITE_REST_URL`, else that of the
/// profile that the user has logged in to, else none: the home of this machine.
///
/// @since 0.1
public final class RemoteServers {
  private static final String DEFAULT_URL = "http://localhost:8100";
  private static final int HTTP = 80;
  private static final int HTTPS = 443;

  private RemoteServers() {}

  /// {@return the server, or empty for the home}
  ///
  /// @param parsed the arguments
  /// @param environment environment variables
  /// @param registries how registries are reached
  /// @throws CliException if the profile that was named is none, its file is broken, or its login
  ///   has ended
  /// @throws io.boxlite.api.ConfigException if the URL, key or prefix cannot be used
  public static Optional<RestOptions> choose(
      ParseResult parsed, Map<String, String> environment, List<ImageRegistry> registries) {
    Path file = Profiles.file(environment);
    Optional<Map<String, String>> profile =
        Files.exists(file)
            ? Profiles.read(file).get(profile(parsed, environment))
            : Optional.empty();
    Optional<String> url =
        named(parsed, environment, "--url", "BOXLITE_REST_URL")
            .or(() -> profile.map(entries -> entries.get(Profiles.URL)));
    if (url.isEmpty()) {
      named(parsed, environment, "--profile", "BOXLITE_PROFILE")
          .ifPresent(name -> {
            throw CliException.failure(
                "no profile '" + name + "' in " + file + "; make it with boxlite auth login");
          });
      return Optional.empty();
    }
    RestOptions options = RestOptions.of(url.get()).withRegistries(registries);
    Optional<String> own = text(environment.get("BOXLITE_API_KEY"));
    Optional<Path> authorities = authorities(environment);
    Optional<Map<String, String>> known =
        profile
            .filter(entries -> isSame(options.url(), entries.get(Profiles.URL)))
            .map(entries ->
                own.isPresent()
                    ? entries
                    : OidcSession.fresh(file, profile(parsed, environment), entries, authorities));
    Optional<String> key =
        own.or(() -> known.map(entries -> entries.get(Profiles.API_KEY)))
            .or(() -> known.map(entries -> entries.get(Profiles.ACCESS_TOKEN)));
    Optional<String> prefix =
        prefix(parsed, environment)
            .or(() -> known.map(entries -> entries.get(Profiles.PATH_PREFIX)));
    return Optional.of(
        new RestOptions(options.url(), key, prefix, authorities, options.registries()));
  }

  /// {@return the PEM file of those who are trusted besides the authorities that Java knows}
  static Optional<Path> authorities(Map<String, String> environment) {
    return text(environment.get("BOXLITE_REST_CA_FILE")).map(Path::of);
  }

  /// A key is shown to the server that it is for, and to no other that `--url` names.
  private static boolean isSame(URI url, @org.jspecify.annotations.Nullable String stored) {
    if (stored == null) {
      return false;
    }
    try {
      URI other = RestOptions.of(stored).url();
      return url.getScheme().equalsIgnoreCase(other.getScheme())
          && url.getHost().equalsIgnoreCase(other.getHost())
          && port(url) == port(other);
    } catch (ConfigException e) {
      return false;
    }
  }

  private static int port(URI url) {
    if (url.getPort() > 0) {
      return url.getPort();
    }
    return "https".equalsIgnoreCase(url.getScheme()) ? HTTPS : HTTP;
  }

  /// {@return the name of the profile, whether there is one or not}
  static String profile(ParseResult parsed, Map<String, String> environment) {
    return named(parsed, environment, "--profile", "BOXLITE_PROFILE").orElse(Profiles.DEFAULT);
  }

  static Optional<String> prefix(ParseResult parsed, Map<String, String> environment) {
    return named(parsed, environment, "--path-prefix", "BOXLITE_REST_PATH_PREFIX");
  }

  /// {@return the URL to log in to}
  static String loginUrl(ParseResult parsed, Map<String, String> environment) {
    return named(parsed, environment, "--url", "BOXLITE_REST_URL").orElse(DEFAULT_URL);
  }

  private static Optional<String> named(
      ParseResult parsed, Map<String, String> environment, String flag, String variable) {
    return text(parsed.matchedOptionValue(flag, environment.getOrDefault(variable, "")));
  }

  private static Optional<String> text(@org.jspecify.annotations.Nullable String text) {
    return text == null || text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
