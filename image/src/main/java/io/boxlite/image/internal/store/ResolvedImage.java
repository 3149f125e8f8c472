package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import io.boxlite.image.internal.oci.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// What an image consists of, as its verified documents say.
///
/// @param manifest descriptor of its manifest
/// @param config digest of its configuration
/// @param layers its layers, lowest first
/// @param diffIds of these
/// @param documents manifest and configuration
record ResolvedImage(
    Descriptor manifest,
    Digest config,
    List<Descriptor> layers,
    List<Digest> diffIds,
    List<StagedBlob> documents) {
  private static final int MAX_NESTED_INDEXES = 4;

  /// Follows a descriptor: to a manifest, through the index of a multi-platform image.
  static ResolvedImage resolve(Descriptor descriptor, BlobSource source, Platform platform)
      throws IOException {
    Descriptor at = descriptor;
    for (int i = 0; MediaTypes.isIndex(at.type()) && i < MAX_NESTED_INDEXES; i++) {
      at = platform.choose(OciJson.index(source.get(at).read(OciJson.MAX_MANIFEST)));
    }
    if (!MediaTypes.isManifest(at.type())) {
      throw new ImageException(
          "unsupported_media_type", "unsupported media type of a manifest: '" + at.type() + "'");
    }
    StagedBlob blob = source.get(at);
    Manifest manifest = OciJson.manifest(blob.read(OciJson.MAX_MANIFEST));
    StagedBlob configBlob = source.get(manifest.configDescriptor());
    Config config = OciJson.config(configBlob.read(OciJson.MAX_CONFIG));
    platform.check(
        Objects.requireNonNullElse(config.os(), ""),
        Objects.requireNonNullElse(config.architecture(), ""));
    List<Digest> diffIds = config.diffIds();
    if (diffIds.size() != manifest.layerDescriptors().size()) {
      throw new ImageException(
          "invalid_manifest",
          "image has %d layers, but its configuration has %d diff ids"
              .formatted(manifest.layerDescriptors().size(), diffIds.size()));
    }
    Descriptor plain = Descriptor.of(at.type(), blob.digest(), blob.size());
    return new ResolvedImage(
        plain,
        configBlob.digest(),
        manifest.layerDescriptors(),
        diffIds,
        List.of(configBlob, blob));
  }

  /// Refuses layers that are larger than any that could be used.
  ///
  /// @param limit bytes of one layer, compressed or not
  void requireAtMost(long limit) {
    for (Descriptor layer : layers) {
      if (layer.size() > limit) {
        throw new ImageException(
            "too_large",
            "layer %s has %d bytes, limit %d; BOXLITE_IMAGE_MAX_UNCOMPRESSED_BYTES lifts this"
                .formatted(layer.checkedDigest(), layer.size(), limit));
      }
    }
  }

  /// {@return digests of all blobs and layers that it needs}
  Set<Digest> digests() {
    Set<Digest> all = new HashSet<>(diffIds);
    documents.forEach(document -> all.add(document.digest()));
    layers.forEach(layer -> all.add(layer.checkedDigest()));
    return all;
  }

  ImageCatalog.Entry catalogEntry() {
    return catalogEntry(manifest.checkedDigest(), config, layers, diffIds);
  }

  static ImageCatalog.Entry catalogEntry(
      Digest manifest, Digest config, List<Descriptor> layers, List<Digest> diffIds) {
    List<ImageCatalog.Layer> all = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Descriptor blob = layers.get(i);
      all.add(
          new ImageCatalog.Layer(
              blob.checkedDigest(), blob.size(), diffIds.get(i), Optional.empty()));
    }
    return new ImageCatalog.Entry(manifest, config, List.copyOf(all));
  }
}
