package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.HostPlatform;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// An image that is being added, with its blobs at hand and verified.
///
/// @param reference its full name, if it gets one
/// @param manifest descriptor of its manifest
/// @param diffIds of its layers, lowest first
/// @param layers its layers, lowest first
/// @param documents its other blobs
record NewImage(
    Optional<String> reference,
    Descriptor manifest,
    List<Digest> diffIds,
    List<StagedBlob> layers,
    List<StagedBlob> documents) {
  private static final int MAX_NESTED_INDEXES = 4;

  /// Follows a descriptor of an index: to a manifest, through the index of a multi-platform image.
  static NewImage resolve(Optional<String> reference, Descriptor descriptor, BlobSource source)
      throws IOException {
    Descriptor at = descriptor;
    for (int i = 0; MediaTypes.isIndex(at.type()) && i < MAX_NESTED_INDEXES; i++) {
      at = HostPlatform.choose(OciJson.index(source.get(at).read(OciJson.MAX_MANIFEST)));
    }
    if (!MediaTypes.isManifest(at.type())) {
      throw new ImageException(
          "unsupported_media_type", "unsupported media type of a manifest: '" + at.type() + "'");
    }
    StagedBlob blob = source.get(at);
    Manifest manifest = OciJson.manifest(blob.read(OciJson.MAX_MANIFEST));
    StagedBlob configBlob = source.get(manifest.configDescriptor());
    Config config = OciJson.config(configBlob.read(OciJson.MAX_CONFIG));
    HostPlatform.check(config);
    List<Digest> diffIds = config.diffIds();
    if (diffIds.size() != manifest.layerDescriptors().size()) {
      throw new ImageException(
          "invalid_manifest",
          "image has %d layers, but its configuration has %d diff ids"
              .formatted(manifest.layerDescriptors().size(), diffIds.size()));
    }
    List<StagedBlob> layers = new ArrayList<>();
    for (Descriptor layer : manifest.layerDescriptors()) {
      layers.add(source.get(layer));
    }
    Descriptor plain = Descriptor.of(at.type(), blob.digest(), blob.size());
    return new NewImage(reference, plain, diffIds, layers, List.of(configBlob, blob));
  }
}
