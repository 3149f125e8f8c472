package io.boxlite.api;

import java.util.List;

/// What the removal of images did. Immutable.
///
/// @param untagged names that are gone
/// @param deleted digests of manifests whose image is gone
/// @param freedBytes bytes of blobs and layers that were deleted
/// @since 0.1
public record RemovedImages(List<String> untagged, List<String> deleted, long freedBytes) {
  /// Copies the lists.
  public RemovedImages {
    untagged = List.copyOf(untagged);
    deleted = List.copyOf(deleted);
  }
}
