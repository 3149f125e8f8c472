package io.boxlite.image.internal.store;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.DockerImage;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Finds the images of an archive: of an OCI image layout, or of a `docker save`. Newer Dockers
/// write both into one archive; the layout is the more exact.
final class ArchiveImages {
  private final StagedArchive archive;
  private final UnaryOperator<String> fullName;

  /// @param fullName completes a name as users write it; throws [ConfigException] if it cannot
  ArchiveImages(StagedArchive archive, UnaryOperator<String> fullName) {
    this.archive = archive;
    this.fullName = fullName;
  }

  List<NewImage> find() throws IOException {
    Optional<StagedBlob> index = archive.file("index.json");
    List<NewImage> images;
    if (index.isPresent() && archive.file("oci-layout").isPresent()) {
      images = layoutImages(index.get());
    } else if (archive.file("manifest.json").isPresent()) {
      images = dockerImages(archive.require("manifest.json"));
    } else {
      throw new ImageException(
          "invalid_archive",
          "invalid image archive: neither an OCI image layout nor a docker save");
    }
    if (images.isEmpty()) {
      throw new ImageException("invalid_archive", "invalid image archive: it has no image");
    }
    return images;
  }

  private List<NewImage> layoutImages(StagedBlob index) throws IOException {
    List<NewImage> images = new ArrayList<>();
    for (Descriptor entry : OciJson.index(index.read(OciJson.MAX_MANIFEST)).entries()) {
      // Docker and containerd keep the full name apart, and the mere tag where OCI has a name.
      String name = entry.annotation(ImageIndex.CONTAINERD_NAME);
      if (name.isEmpty()) {
        name = entry.annotation(ImageIndex.REF_NAME);
      }
      images.add(NewImage.resolve(reference(name, entry), entry, archive));
    }
    return images;
  }

  // A name with a digest is a promise of what it names: an archive may only give it to that.
  private Optional<String> reference(String name, Descriptor named) {
    if (name.isEmpty() || (name.indexOf('@') >= 0 && !name.endsWith("@" + named.checkedDigest()))) {
      return Optional.empty();
    }
    try {
      return Optional.of(fullName.apply(name));
    } catch (ConfigException e) {
      throw new ImageException(
          "invalid_archive",
          "invalid image archive: it names an image badly",
          e,
          java.util.Map.of());
    }
  }

  private List<NewImage> dockerImages(StagedBlob manifests) throws IOException {
    List<NewImage> images = new ArrayList<>();
    for (DockerImage image : OciJson.dockerImages(manifests.read(OciJson.MAX_MANIFEST))) {
      Descriptor manifest = ociManifest(image);
      List<String> tags = Objects.requireNonNullElse(image.repoTags(), List.of());
      for (String tag : tags) {
        images.add(NewImage.resolve(reference(tag, manifest), manifest, archive));
      }
      if (tags.isEmpty()) {
        images.add(NewImage.resolve(Optional.empty(), manifest, archive));
      }
    }
    return images;
  }

  private Descriptor ociManifest(DockerImage image) throws IOException {
    if (image.config() == null || image.layers() == null) {
      throw new ImageException("invalid_archive", "invalid image archive: bad manifest.json");
    }
    StagedBlob config = dockerConfig(image.config());
    List<Descriptor> layers = new ArrayList<>();
    for (String path : image.layers()) {
      StagedBlob layer = archive.require(path);
      layers.add(Descriptor.of(MediaTypes.LAYER, layer.digest(), layer.size()));
    }
    Descriptor configDescriptor = Descriptor.of(MediaTypes.CONFIG, config.digest(), config.size());
    StagedBlob manifest =
        archive.add(OciJson.write(Manifest.of(configDescriptor, List.copyOf(layers))));
    return Descriptor.of(MediaTypes.MANIFEST, manifest.digest(), manifest.size());
  }

  // Its name is its digest, with or without `.json` or directories.
  private StagedBlob dockerConfig(String path) {
    StagedBlob config = archive.require(path);
    String name = path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.json$", "");
    if (name.length() == 64 && !config.digest().equals(new Digest(name))) {
      throw new ImageException(
          "digest_mismatch", "image configuration %s is not %s".formatted(config.digest(), name));
    }
    return config;
  }
}
