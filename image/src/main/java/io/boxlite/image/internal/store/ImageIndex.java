package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Index;
import io.boxlite.image.internal.oci.Layout;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// The file `index.json`: which images the store has, and their names. Thread-safe; the file is
/// replaced at once, so readers see it before or after a change.
final class ImageIndex {
  static final String REF_NAME = "org.opencontainers.image.ref.name";
  static final String CONTAINERD_NAME = "io.containerd.image.name";
  private static final String ADDED = "io.boxlite.image.added";

  /// An image to add.
  ///
  /// @param reference its full name, if it gets one
  /// @param manifest its manifest, already in the store
  record Entry(Optional<String> reference, Descriptor manifest) {
    Instant added() {
      try {
        return Instant.parse(manifest.annotation(ADDED));
      } catch (DateTimeParseException e) {
        return Instant.EPOCH; // another program added it
      }
    }

    Digest digest() {
      return manifest.checkedDigest();
    }

    String id() {
      return digest().toString();
    }
  }

  private final StorePaths paths;
  private final Staging staging;
  private final ReentrantLock lock = new ReentrantLock();

  private ImageIndex(StorePaths paths, Staging staging) {
    this.paths = paths;
    this.staging = staging;
  }

  static ImageIndex open(StorePaths paths, Staging staging) throws IOException {
    if (!Files.exists(paths.layoutFile())) {
      staging.replace(paths.layoutFile(), OciJson.write(new Layout(Layout.VERSION)));
    }
    if (!Files.exists(paths.indexFile())) {
      staging.replace(paths.indexFile(), OciJson.write(Index.of(List.of())));
    }
    ImageIndex index = new ImageIndex(paths, staging);
    index.entries();
    return index;
  }

  List<Entry> entries() throws IOException {
    if (Files.size(paths.indexFile()) > OciJson.MAX_MANIFEST) {
      throw new StorageException("corrupt_index", paths.indexFile() + " is too large");
    }
    try {
      return OciJson.index(Files.readAllBytes(paths.indexFile())).entries().stream()
          .filter(manifest -> MediaTypes.isManifest(manifest.type()))
          .map(ImageIndex::entry)
          .toList();
    } catch (ImageException e) {
      throw new StorageException(
          "corrupt_index",
          paths.indexFile() + " is corrupt; move it away and load the images again",
          e,
          Map.of());
    }
  }

  private static Entry entry(Descriptor manifest) {
    manifest.checkedDigest();
    String name = manifest.annotation(REF_NAME);
    return new Entry(name.isEmpty() ? Optional.empty() : Optional.of(name), manifest);
  }

  /// Adds images in one step. A name moves from the image that had it; that stays without a name.
  ///
  /// @return the entries as they are now in the index, in the order of `added`
  List<Entry> add(List<Entry> added) throws IOException {
    lock.lock();
    try {
      List<Entry> all = new ArrayList<>(entries());
      List<Entry> result = new ArrayList<>();
      for (Entry entry : added) {
        result.add(put(all, entry));
      }
      write(all);
      CrashPoint.reached("image.index");
      return result;
    } finally {
      lock.unlock();
    }
  }

  /// Removes names in one step.
  ///
  /// @param removed entries of this index
  /// @param kept digests of the images that stay without a name when they lose their last one
  void remove(List<Entry> removed, Set<Digest> kept) throws IOException {
    lock.lock();
    try {
      List<Entry> all = new ArrayList<>(entries());
      for (Entry entry : removed) {
        if (all.remove(entry)
            && kept.contains(entry.digest())
            && all.stream().noneMatch(other -> other.id().equals(entry.id()))) {
          all.add(annotated(Optional.empty(), entry.manifest(), entry.added()));
        }
      }
      write(all);
    } finally {
      lock.unlock();
    }
  }

  private void write(List<Entry> all) throws IOException {
    byte[] json = OciJson.write(Index.of(all.stream().map(Entry::manifest).toList()));
    if (json.length > OciJson.MAX_MANIFEST) {
      throw new StorageException("too_many_images", "the image store has too many images");
    }
    staging.replace(paths.indexFile(), json);
  }

  private static Entry put(List<Entry> all, Entry entry) {
    String id = entry.id();
    boolean known = all.stream().anyMatch(other -> other.id().equals(id));
    if (entry.reference().isEmpty() && known) {
      return all.stream().filter(other -> other.id().equals(id)).findFirst().orElseThrow();
    }
    for (int i = 0; i < all.size(); i++) {
      Entry other = all.get(i);
      if (entry.reference().isPresent() && other.reference().equals(entry.reference())) {
        all.set(i, annotated(Optional.empty(), other.manifest(), other.added()));
      }
    }
    Entry named = annotated(entry.reference(), entry.manifest(), Instant.now());
    all.add(named);
    all.removeIf(other -> isSuperfluous(all, other));
    return named;
  }

  // Without a name, and the same image is there under one.
  private static boolean isSuperfluous(List<Entry> all, Entry entry) {
    return entry.reference().isEmpty()
        && all.stream().anyMatch(o -> o.reference().isPresent() && o.id().equals(entry.id()));
  }

  private static Entry annotated(Optional<String> reference, Descriptor manifest, Instant added) {
    Map<String, String> annotations = new HashMap<>();
    annotations.put(ADDED, added.toString());
    reference.ifPresent(name -> {
      annotations.put(REF_NAME, name);
      annotations.put(CONTAINERD_NAME, name);
    });
    return new Entry(reference, manifest.named(annotations));
  }
}
