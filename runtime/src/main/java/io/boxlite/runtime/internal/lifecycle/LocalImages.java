package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.ImageInfo;
import io.boxlite.api.Images;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageStore;
import io.boxlite.image.StoredImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The images of a home, and those that come with BoxLite: these are added when they are first
/// asked for. Thread-safe.
public final class LocalImages implements Images {
  private final ImageStore store;
  private final Path bundled;
  private final ReentrantLock adding = new ReentrantLock();

  /// Uses a store.
  ///
  /// @param store the store
  /// @param bundled directory with one archive `<name>.tar` for each image that comes with BoxLite
  public LocalImages(ImageStore store, Path bundled) {
    this.store = store;
    this.bundled = bundled;
  }

  /// Finds an image in the store, or among those that come with BoxLite.
  ///
  /// @param reference as a user writes it
  /// @return the image, or empty when there is none
  public Optional<StoredImage> find(String reference) {
    Optional<StoredImage> found = store.find(reference);
    if (found.isPresent() || !reference.matches("[a-z0-9-]+")) {
      return found;
    }
    Path archive = bundled.resolve(reference + ".tar");
    adding.lock();
    try {
      if (Files.isRegularFile(archive) && store.find(reference).isEmpty()) {
        try (InputStream in = Files.newInputStream(archive)) {
          store.load(in);
        }
      }
    } catch (IOException e) {
      throw new StorageException(
          "archive_not_readable",
          "read " + archive + ": " + e + "; build BoxLite again",
          e,
          Map.of("path", archive.toString()));
    } finally {
      adding.unlock();
    }
    return store.find(reference);
  }

  @Override
  public List<ImageInfo> load(InputStream archive) {
    return store.load(archive).stream().map(StoredImage::info).toList();
  }

  @Override
  public List<ImageInfo> list() {
    return store.list();
  }
}
