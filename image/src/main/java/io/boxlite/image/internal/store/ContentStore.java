package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Blobs, index and layers of the store together. Thread-safe.
public final class ContentStore {
  /// An image of the store.
  ///
  /// @param reference its full name, if it has one
  /// @param manifest digest of its manifest
  /// @param config its configuration
  /// @param added when it was added
  /// @param size bytes of its layers
  public record Image(
      Optional<String> reference, Digest manifest, Config config, Instant added, long size) {}

  private final StorePaths paths;
  private final Staging staging;
  private final BlobStore blobs;
  private final LayerStore layers;
  private final ImageIndex index;

  private ContentStore(StorePaths paths, Staging staging) throws IOException {
    this.paths = paths;
    this.staging = staging;
    this.blobs = new BlobStore(paths);
    this.layers = new LayerStore(paths, staging);
    this.index = ImageIndex.open(paths, staging);
  }

  /// Opens or makes the store of a directory.
  public static ContentStore open(Path directory) {
    StorePaths paths = new StorePaths(directory);
    try {
      Files.createDirectories(paths.blobs());
      Files.createDirectories(paths.layers());
      return new ContentStore(paths, Staging.open(paths));
    } catch (IOException e) {
      throw StoreErrors.failed("cannot open image store " + directory, directory, e);
    }
  }

  /// Adds the images of an archive, all or none.
  ///
  /// @param fullName completes a name as users write it
  public List<Image> addArchive(InputStream archive, UnaryOperator<String> fullName) {
    try (StagedArchive staged = StagedArchive.read(archive, staging)) {
      return add(new ArchiveImages(staged, fullName).find());
    } catch (IOException e) {
      throw StoreErrors.failed("cannot load image archive", paths.root(), e);
    }
  }

  /// Adds the image of a layout directory, without a name.
  public Image addLayout(Path directory) {
    try (LayoutDirectory layout = new LayoutDirectory(directory, staging)) {
      return add(List.of(layout.find())).getFirst();
    } catch (IOException e) {
      throw StoreErrors.failed("cannot import image layout " + directory, paths.root(), e);
    }
  }

  // Layers are converted first: only that verifies them whole. Names come last.
  private List<Image> add(List<NewImage> images) throws IOException {
    for (NewImage image : images) {
      for (int i = 0; i < image.layers().size(); i++) {
        Path blob = image.layers().get(i).file();
        layers.ensure(image.diffIds().get(i), () -> Files.newInputStream(blob));
      }
    }
    List<ImageIndex.Entry> entries = new ArrayList<>();
    for (NewImage image : images) {
      for (StagedBlob layer : image.layers()) {
        blobs.adopt(layer);
      }
      for (StagedBlob document : image.documents()) {
        blobs.adopt(document);
      }
      entries.add(new ImageIndex.Entry(image.reference(), image.manifest()));
    }
    List<Image> added = new ArrayList<>();
    for (ImageIndex.Entry entry : index.add(entries)) {
      added.add(image(entry));
    }
    return added;
  }

  /// {@return all images, in no order}
  public List<Image> images() {
    try {
      List<Image> images = new ArrayList<>();
      for (ImageIndex.Entry entry : index.entries()) {
        images.add(image(entry));
      }
      return images;
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read the image store", paths.root(), e);
    }
  }

  private Image image(ImageIndex.Entry entry) throws IOException {
    Digest digest = entry.manifest().checkedDigest();
    Manifest manifest = manifest(digest);
    Digest config = manifest.configDescriptor().checkedDigest();
    return new Image(
        entry.reference(),
        digest,
        OciJson.config(blobs.read(config, OciJson.MAX_CONFIG)),
        entry.added(),
        manifest.layerDescriptors().stream().mapToLong(Descriptor::size).sum());
  }

  private Manifest manifest(Digest digest) throws IOException {
    return OciJson.manifest(blobs.read(digest, OciJson.MAX_MANIFEST));
  }

  /// Makes sure that the layers of an image are converted.
  ///
  /// @param diffIds those of its configuration, lowest first
  /// @return their files, lowest first
  public List<Path> prepare(Digest manifest, List<Digest> diffIds) {
    try {
      List<Descriptor> descriptors = manifest(manifest).layerDescriptors();
      List<Path> files = new ArrayList<>();
      for (int i = 0; i < descriptors.size(); i++) {
        Digest blob = descriptors.get(i).checkedDigest();
        files.add(layers.ensure(diffIds.get(i), () -> blobs.open(blob)));
      }
      return files;
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read image " + manifest, paths.root(), e);
    }
  }
}
