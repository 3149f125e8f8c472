package io.boxlite.api.spi;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.RestOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Opens a home directory in one way: as its supervisor, or as a client of the supervisor that owns
/// it. Found through [java.util.ServiceLoader].
///
/// @since 0.1
public interface BoxliteProvider {
  /// {@return the order in which providers are asked, lowest first}
  int order();

  /// Opens the home when this provider can do so now.
  ///
  /// @param home absolute path, need not exist
  /// @param registries how registries are reached
  /// @return the runtime, or empty when another provider has to be asked, because the home is owned
  ///   by another process or not owned by any
  Optional<Boxlite> open(Path home, List<ImageRegistry> registries);

  /// Connects to a server when this provider can do so at all.
  ///
  /// @param options where it is
  /// @return the runtime, or empty when another provider has to be asked
  default Optional<Boxlite> connect(RestOptions options) {
    return Optional.empty();
  }
}
