package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// An image that is being added, with its blobs at hand and verified.
///
/// @param reference its full name, if it gets one
/// @param image what it consists of
/// @param layers blobs of its layers, lowest first
record NewImage(Optional<String> reference, ResolvedImage image, List<StagedBlob> layers) {
  /// Follows a descriptor of an index, for this host, and gets all blobs.
  static NewImage resolve(Optional<String> reference, Descriptor descriptor, BlobSource source)
      throws IOException {
    ResolvedImage image = ResolvedImage.resolve(descriptor, source, Platform.HOST);
    List<StagedBlob> layers = new ArrayList<>();
    for (Descriptor layer : image.layers()) {
      layers.add(source.get(layer));
    }
    return new NewImage(reference, image, List.copyOf(layers));
  }
}
