package io.boxlite.api;

import java.nio.file.Path;
import java.util.Map;

/// Which directory is the home.
///
/// @since 0.1
public final class HomeDirectory {
  private HomeDirectory() {}

  /// Chooses the home as the environment says.
  ///
  /// @param environment environment variables
  /// @return `BOXLITE_HOME` when set and not empty, else `.boxlite` in the user's home
  /// @throws ConfigException if `BOXLITE_HOME` is not absolute
  public static Path ofEnvironment(Map<String, String> environment) {
    String home = environment.getOrDefault("BOXLITE_HOME", "");
    return home.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".boxlite")
        : check(Path.of(home));
  }

  /// Checks a home that a caller named.
  ///
  /// @param home the path
  /// @return it, normalised
  /// @throws ConfigException if it is not absolute
  public static Path check(Path home) {
    if (!home.isAbsolute()) {
      throw new ConfigException(
          "home_not_absolute", "home directory '" + home + "' must be an absolute path");
    }
    return home.normalize();
  }
}
