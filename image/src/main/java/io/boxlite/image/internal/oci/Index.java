package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An image index: OCI image-spec `image-index.md`.
@Json
public record Index(
    int schemaVersion, @Nullable String mediaType, @Nullable List<Descriptor> manifests) {
  public static Index of(List<Descriptor> manifests) {
    return new Index(2, MediaTypes.INDEX, manifests);
  }

  public List<Descriptor> entries() {
    return manifests == null ? List.of() : manifests.stream().filter(Objects::nonNull).toList();
  }
}
