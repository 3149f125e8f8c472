package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An image manifest: OCI image-spec `manifest.md`.
@Json
public record Manifest(
    int schemaVersion,
    @Nullable String mediaType,
    @Nullable Descriptor config,
    @Nullable List<Descriptor> layers) {
  private static final int MAX_LAYERS = 1000;

  public static Manifest of(Descriptor config, List<Descriptor> layers) {
    return new Manifest(2, MediaTypes.MANIFEST, config, layers);
  }

  /// Refuses what is no image of ours to run: artifacts, foreign layers, strange media types.
  public Manifest checked() {
    if (schemaVersion != 2
        || config == null
        || layers == null
        || layers.size() > MAX_LAYERS
        || layers.stream().anyMatch(Objects::isNull)) {
      throw new ImageException("invalid_manifest", "invalid image manifest");
    }
    config.checkedDigest();
    if (!MediaTypes.isConfig(config.type())) {
      throw unsupported("configuration", config.type());
    }
    for (Descriptor layer : layers) {
      layer.checkedDigest();
      if (!MediaTypes.isLayer(layer.type())) {
        throw unsupported("layer", layer.type());
      }
      if (layer.urls() != null && !layer.urls().isEmpty()) {
        throw new ImageException(
            "unsupported_media_type", "a layer is to be fetched from foreign addresses");
      }
    }
    return this;
  }

  private static ImageException unsupported(String what, String type) {
    return new ImageException(
        "unsupported_media_type", "unsupported media type of a %s: '%s'".formatted(what, type));
  }

  /// Legal on what [#checked] returned.
  public Descriptor configDescriptor() {
    return Objects.requireNonNull(config);
  }

  public List<Descriptor> layerDescriptors() {
    return layers == null ? List.of() : layers;
  }
}
