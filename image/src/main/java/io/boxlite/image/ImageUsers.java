package io.boxlite.image;

import java.util.List;

/// Knows who needs an image. Called by threads of whoever removes images.
///
/// @since 0.1
@FunctionalInterface
public interface ImageUsers {
  /// {@return who was made from an image: names or ids of boxes}
  ///
  /// @param imageId digest of its manifest
  List<String> of(String imageId);
}
