package io.boxlite.image.internal.store;

import io.boxlite.api.RemovedImages;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.ImageCommit;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.OciJson;
import io.boxlite.image.internal.oci.Platform;
import io.boxlite.image.internal.registry.PushRepository;
import io.boxlite.image.internal.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/// Blobs, index, catalog and layers of the store together. Thread-safe.
public final class ContentStore implements AutoCloseable {
  /// An image of the store under one of its names.
  ///
  /// @param reference its full name, if it has one
  /// @param manifest descriptor of its manifest
  /// @param added when it was added
  public record Image(Optional<String> reference, Descriptor manifest, Instant added) {
    public Digest digest() {
      return manifest.checkedDigest();
    }
  }

  /// What a pull has brought.
  ///
  /// @param image the image
  /// @param fetched whether anything had to be fetched
  public record Pulled(Image image, boolean fetched) {}

  private final StorePaths paths;
  private final Staging staging;
  private final BlobStore blobs;
  private final LayerStore layers;
  private final ImageIndex index;
  private final ImageCatalog catalog;
  private final LayerFetcher fetcher;
  private final ImageLimits limits;
  // Held by whoever deletes blobs and layers; see Pins.
  private final ReentrantLock deleting = new ReentrantLock();
  private final Pins pins = new Pins(deleting);

  private ContentStore(
      StorePaths paths,
      Staging staging,
      ImageIndex index,
      ImageCatalog catalog,
      ImageLimits limits) {
    this.paths = paths;
    this.staging = staging;
    this.index = index;
    this.catalog = catalog;
    this.limits = limits;
    this.blobs = new BlobStore(paths);
    this.layers = new LayerStore(paths, staging, limits);
    this.fetcher = new LayerFetcher(paths, blobs, layers);
  }

  /// Opens or makes the store of a directory.
  ///
  /// @param database file of its catalog
  /// @param limits what a layer may have
  public static ContentStore open(Path directory, Path database, ImageLimits limits) {
    StorePaths paths = new StorePaths(directory);
    try {
      Files.createDirectories(paths.blobs());
      Files.createDirectories(paths.layers());
      Staging staging = Staging.open(paths);
      ImageIndex index = ImageIndex.open(paths, staging);
      return new ContentStore(paths, staging, index, ImageCatalog.open(database), limits);
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

  /// Adds the image of a box: another image, and what the box has changed as one more layer.
  ///
  /// @param base manifest of the image below
  /// @param layer a plain tar that nobody has checked; not closed
  public Image commit(Digest base, InputStream layer, ImageCommit commit) {
    try (Pins.Pin _ = pins.hold(catalogued(base).blobs());
        Commit made = new Commit(paths, blobs, staging)) {
      return add(List.of(made.make(base, layer, commit, limits))).getFirst();
    } catch (IOException e) {
      throw StoreErrors.failed("cannot store image " + commit.reference(), paths.root(), e);
    }
  }

  // Layers are converted first: only that verifies them whole. Names come last.
  private List<Image> add(List<NewImage> images) throws IOException {
    Set<Digest> needed = new HashSet<>();
    images.forEach(image -> needed.addAll(image.image().digests()));
    try (Pins.Pin _ = pins.hold(needed)) {
      for (NewImage image : images) {
        for (int i = 0; i < image.layers().size(); i++) {
          Path blob = image.layers().get(i).file();
          layers.ensure(image.image().diffIds().get(i), () -> Files.newInputStream(blob));
        }
      }
      List<ImageIndex.Entry> entries = new ArrayList<>();
      for (NewImage image : images) {
        for (StagedBlob layer : image.layers()) {
          blobs.adopt(layer);
        }
        entries.add(finish(image.reference(), image.image()));
      }
      return index.add(entries).stream().map(ContentStore::image).toList();
    }
  }

  // The layers are there, blobs and files.
  private ImageIndex.Entry finish(Optional<String> reference, ResolvedImage image)
      throws IOException {
    for (StagedBlob document : image.documents()) {
      blobs.adopt(document);
    }
    CrashPoint.reached("image.blobs");
    Digest manifest = image.manifest().checkedDigest();
    catalog.put(withFiles(image.catalogEntry(), manifest));
    CrashPoint.reached("image.catalog");
    return new ImageIndex.Entry(reference, image.manifest());
  }

  /// Brings an image from a registry.
  ///
  /// @param name its full name
  /// @param tagOrDigest what to ask the repository for
  public Pulled pull(
      String name,
      String tagOrDigest,
      Repository repository,
      Platform platform,
      TransferListener listener) {
    try (RegistryDocuments documents = new RegistryDocuments(repository, blobs, staging)) {
      ResolvedImage image = ResolvedImage.resolve(documents.top(tagOrDigest), documents, platform);
      image.requireAtMost(limits.uncompressedBytes());
      try (Pins.Pin _ = pins.hold(image.digests())) {
        CrashPoint.reached("pull.resolved");
        boolean fetched = documents.fetchedNew();
        fetched |= fetcher.fetchAll(image, repository, listener);
        CrashPoint.reached("pull.fetched");
        ImageIndex.Entry entry = finish(Optional.of(name), image);
        return new Pulled(image(index.add(List.of(entry)).getFirst()), fetched);
      }
    } catch (IOException e) {
      throw StoreErrors.failed("cannot store image " + name, paths.root(), e);
    }
  }

  /// Sends an image to a registry. It loses no blob meanwhile.
  ///
  /// @param tag that it gets there
  public void push(Image image, String tag, PushRepository repository, TransferListener listener) {
    try (Pins.Pin _ = pins.hold(catalogued(image.digest()).blobs())) {
      byte[] content = document(image.digest(), OciJson.MAX_MANIFEST);
      new Push(blobs, repository, listener).run(tag, OciJson.manifest(content), content);
    }
  }

  /// Writes images as an archive. None of them loses a blob meanwhile.
  ///
  /// @param docker whether Docker shall be able to read it too
  public void save(List<Image> saved, boolean docker, OutputStream archive) {
    Set<Digest> needed = new HashSet<>();
    saved.forEach(image -> needed.addAll(catalogued(image.digest()).blobs()));
    Map<Descriptor, List<String>> names = new LinkedHashMap<>();
    for (Image image : saved) {
      Descriptor manifest =
          Descriptor.of(image.manifest().type(), image.digest(), image.manifest().size());
      names
          .computeIfAbsent(manifest, _ -> new ArrayList<>())
          .addAll(image.reference().stream().toList());
    }
    List<ArchiveWriter.Entry> entries = new ArrayList<>();
    names.forEach((manifest, all) -> entries.add(new ArchiveWriter.Entry(all, manifest)));
    try (Pins.Pin _ = pins.hold(needed)) {
      ArchiveWriter.write(blobs, entries, docker, archive);
    } catch (IOException e) {
      throw StoreErrors.failed("cannot save images", paths.root(), e);
    }
  }

  /// {@return all images, once for each of their names, in no order}
  public List<Image> images() {
    try {
      return index.entries().stream().map(ContentStore::image).toList();
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read the image store", paths.root(), e);
    }
  }

  private static Image image(ImageIndex.Entry entry) {
    return new Image(entry.reference(), entry.manifest(), entry.added());
  }

  private static ImageIndex.Entry entry(Image image) {
    return new ImageIndex.Entry(image.reference(), image.manifest());
  }

  /// {@return what the manifest of an image says}
  public ImageCatalog.Entry catalogued(Digest manifest) {
    try {
      Optional<ImageCatalog.Entry> known = catalog.find(manifest);
      return known.isPresent() ? known.get() : read(manifest);
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read image " + manifest, paths.root(), e);
    }
  }

  private ImageCatalog.Entry read(Digest digest) throws IOException {
    Manifest manifest = OciJson.manifest(blobs.read(digest, OciJson.MAX_MANIFEST));
    Digest config = manifest.configDescriptor().checkedDigest();
    return ResolvedImage.catalogEntry(
        digest,
        config,
        manifest.layerDescriptors(),
        OciJson.config(blobs.read(config, OciJson.MAX_CONFIG)).diffIds());
  }

  /// {@return the manifest of an image}
  public Manifest manifest(Digest digest) {
    return OciJson.manifest(document(digest, OciJson.MAX_MANIFEST));
  }

  /// {@return the configuration of an image}
  public Config config(Digest manifest) {
    return OciJson.config(document(catalogued(manifest).config(), OciJson.MAX_CONFIG));
  }

  private byte[] document(Digest digest, int limit) {
    try {
      return blobs.read(digest, limit);
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read " + digest, paths.root(), e);
    }
  }

  /// Makes sure that the layers of an image are converted.
  ///
  /// @return their files, lowest first
  public List<Path> prepare(Digest manifest) {
    ImageCatalog.Entry entry = catalogued(manifest);
    Set<Digest> needed = entry.blobs();
    entry.layers().forEach(layer -> needed.add(layer.diffId()));
    try (Pins.Pin _ = pins.hold(needed)) {
      if (!entry.layers().stream().allMatch(layers::hasFile)) {
        entry = withFiles(entry, manifest);
        catalog.put(entry);
      }
      return entry.layers().stream().map(layers::file).toList();
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read image " + manifest, paths.root(), e);
    }
  }

  private ImageCatalog.Entry withFiles(ImageCatalog.Entry entry, Digest manifest)
      throws IOException {
    return new ImageCatalog.Entry(manifest, entry.config(), layers.settle(entry.layers(), blobs));
  }

  /// Gives an image one more name.
  ///
  /// @return the image under it, or empty if the image has been removed meanwhile
  public Optional<Image> tag(Image image, String name) {
    deleting.lock();
    try {
      if (index.entries().stream().noneMatch(entry -> entry.digest().equals(image.digest()))) {
        return Optional.empty();
      }
      ImageIndex.Entry named = new ImageIndex.Entry(Optional.of(name), image.manifest());
      return Optional.of(image(index.add(List.of(named)).getFirst()));
    } catch (IOException e) {
      throw StoreErrors.failed("cannot name image " + name, paths.root(), e);
    } finally {
      deleting.unlock();
    }
  }

  /// Removes names, and what no image has any more.
  ///
  /// @param removed images under the names that they lose
  /// @param used digests of the images that stay without a name
  /// @param resumable whether what failed pulls left goes too
  public RemovedImages remove(List<Image> removed, Set<Digest> used, boolean resumable) {
    deleting.lock();
    try {
      index.remove(removed.stream().map(ContentStore::entry).toList(), used);
      CrashPoint.reached("rmi.index");
      Set<Digest> manifests = new HashSet<>();
      index.entries().forEach(entry -> manifests.add(entry.digest()));
      Needed needed = needed(manifests);
      long freed = blobs.deleteAllBut(needed.blobs()) + layers.deleteAllBut(needed::hasFile);
      CrashPoint.reached("rmi.swept");
      if (resumable) {
        freed += staging.deletePartialBlobs(fetcher::isRunning);
      }
      catalog.retain(manifests);
      return new RemovedImages(
          removed.stream().flatMap(image -> image.reference().stream()).toList(),
          removed.stream()
              .map(Image::digest)
              .distinct()
              .filter(digest -> !manifests.contains(digest))
              .map(Digest::toString)
              .toList(),
          freed);
    } catch (IOException e) {
      throw StoreErrors.failed("cannot remove images", paths.root(), e);
    } finally {
      deleting.unlock();
    }
  }

  // Names of layer files begin with the hex digits of a diff id.
  private record Needed(Set<Digest> blobs, Set<String> diffIds) {
    boolean hasFile(String name) {
      return name.length() >= Digest.HEX_LENGTH
          && diffIds.contains(name.substring(0, Digest.HEX_LENGTH));
    }
  }

  // Legal with the lock for deleting.
  private Needed needed(Set<Digest> manifests) {
    Set<Digest> keptBlobs = pins.held();
    Set<String> keptLayers = new HashSet<>();
    keptBlobs.forEach(pinned -> keptLayers.add(pinned.hex()));
    for (Digest manifest : manifests) {
      ImageCatalog.Entry entry = catalogued(manifest);
      keptBlobs.addAll(entry.blobs());
      entry.layers().forEach(layer -> keptLayers.add(layer.diffId().hex()));
    }
    return new Needed(keptBlobs, keptLayers);
  }

  /// What the store takes on disk.
  ///
  /// @param bytes of blobs and layers
  /// @param neededBytes of these, what the images in use have
  /// @param partialCount what failed pulls left
  /// @param partialBytes of these
  public record Usage(long bytes, long neededBytes, int partialCount, long partialBytes) {}

  /// {@return what the store takes on disk}
  ///
  /// @param used digests of the images in use
  public Usage usage(Set<Digest> used) {
    deleting.lock();
    try {
      Needed needed = needed(used);
      return new Usage(
          blobs.bytes(_ -> true) + layers.bytes(_ -> true),
          blobs.bytes(needed.blobs()::contains) + layers.bytes(needed::hasFile),
          staging.partialBlobs().size(),
          Staging.bytes(staging.partialBlobs()));
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read the image store", paths.root(), e);
    } finally {
      deleting.unlock();
    }
  }

  @Override
  public void close() {
    catalog.close();
  }
}
