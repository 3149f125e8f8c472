package io.boxlite.image;

import io.boxlite.api.ImageRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Where an image store is and how it works. Immutable.
///
/// @param directory of the store; its owner alone may use it
/// @param database file of its catalog; made again when it is gone
/// @param limits what a layer may have
/// @param registries how registries are reached
/// @param environment variables that tell of proxies, certificates and Docker's configuration
/// @since 0.1
public record ImageStoreOptions(
    Path directory,
    Path database,
    ImageLimits limits,
    List<ImageRegistry> registries,
    Map<String, String> environment) {
  /// Copies the collections.
  public ImageStoreOptions {
    registries = List.copyOf(registries);
    environment = Map.copyOf(environment);
  }

  /// A store with the usual limits that knows nothing of the world.
  ///
  /// @param directory of the store
  /// @return the options
  public static ImageStoreOptions of(Path directory) {
    return new ImageStoreOptions(
        directory, directory.resolve("images.db"), ImageLimits.DEFAULT, List.of(), Map.of());
  }
}
