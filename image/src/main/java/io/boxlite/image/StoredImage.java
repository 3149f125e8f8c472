package io.boxlite.image;

import io.boxlite.api.ImageInfo;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/// One image of a store: a manifest, and the name it was found or added under. Immutable.
///
/// @param reference its name; empty if it has none, as an image of [ImageStore#importLayout]
/// @param id digest of its manifest, `sha256:…`
/// @param config how its processes are to be run
/// @param cachedAt when it was added
/// @param sizeBytes bytes of its layers as they are kept, compressed or not
/// @since 0.1
public record StoredImage(
    Optional<ImageReference> reference,
    String id,
    ImageConfig config,
    Instant cachedAt,
    long sizeBytes) {

  /// {@return what lists show; an image without a name shows its id and `<none>`}
  public ImageInfo info() {
    return info(reference, id, cachedAt, OptionalLong.of(sizeBytes));
  }

  static ImageInfo info(
      Optional<ImageReference> reference, String id, Instant cachedAt, OptionalLong sizeBytes) {
    return new ImageInfo(
        reference.map(ImageReference::toString).orElse(id),
        reference.map(ImageReference::repository).orElse("<none>"),
        reference.flatMap(ImageReference::tag).orElse("<none>"),
        id,
        cachedAt,
        sizeBytes);
  }
}
