package io.boxlite.image;

import java.nio.file.Path;
import java.util.List;

/// An image whose layers can be mounted. Immutable.
///
/// @param config how its processes are to be run
/// @param layers the EROFS file of each layer, lowest first; files are read-only and stay
/// @since 0.1
public record PreparedImage(ImageConfig config, List<Path> layers) {
  /// Copies the list.
  public PreparedImage {
    layers = List.copyOf(layers);
  }
}
