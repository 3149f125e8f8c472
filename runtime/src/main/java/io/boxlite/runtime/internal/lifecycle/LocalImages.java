package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxOptions.PullPolicy;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress;
import io.boxlite.image.ImageStore;
import io.boxlite.image.ImageUsers;
import io.boxlite.image.StoredImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The images of a home, and those that come with BoxLite: these are added when they are first
/// asked for. Thread-safe.
public final class LocalImages implements Images {
  private static final String SUFFIX = ".tar";

  private final ImageStore store;
  private final Path bundled;
  private final ImageUsers users;
  private final ReentrantLock adding = new ReentrantLock();
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

  /// Uses a store.
  ///
  /// @param store the store
  /// @param bundled directory with one archive `<name>.tar` for each image that comes with BoxLite;
  ///   need not exist
  /// @param users tells which boxes were made from an image
  public LocalImages(ImageStore store, Path bundled, ImageUsers users) {
    this.store = store;
    this.bundled = bundled;
    this.users = users;
  }

  /// Finds an image in the store, or among those that come with BoxLite.
  ///
  /// @param reference as a user writes it
  /// @return the image, or empty when there is none
  public Optional<StoredImage> find(String reference) {
    Optional<StoredImage> found = store.find(reference);
    if (found.isPresent()) {
      return found;
    }
    addBundled();
    return store.find(reference);
  }

  /// Finds an image to run, or fetches it.
  ///
  /// @param reference as a user writes it
  /// @param policy when it is fetched
  /// @return the image
  /// @throws ImageException if it can be had nowhere, or is for another platform
  /// @throws io.boxlite.api.NetworkException if its registry cannot be reached
  public StoredImage bring(String reference, PullPolicy policy) {
    Optional<StoredImage> found = policy == PullPolicy.ALWAYS ? Optional.empty() : find(reference);
    if (found.isEmpty() && policy == PullPolicy.NEVER) {
      throw new ImageException(
          "image_not_in_store",
          "image '%s' is not in the store; pull it, or add it with 'boxlite load -i FILE'"
              .formatted(reference));
    }
    StoredImage image = found.orElseGet(() -> store.get(pull(reference).image().id()));
    ImageStore.requireRunnable(image);
    return image;
  }

  private void addBundled() {
    adding.lock();
    try (DirectoryStream<Path> archives = Files.newDirectoryStream(bundled, "*" + SUFFIX)) {
      for (Path archive : archives) {
        String file = archive.getFileName().toString();
        String name = file.substring(0, file.length() - SUFFIX.length());
        if (store.find(name).isEmpty()) {
          try (InputStream in = Files.newInputStream(archive)) {
            store.load(in);
          }
        }
      }
    } catch (NoSuchFileException | NotDirectoryException _) {
      // BoxLite came without images.
    } catch (IOException e) {
      throw new StorageException(
          "archive_not_readable",
          "read the images in " + bundled + ": " + e + "; build BoxLite again",
          e,
          Map.of("path", bundled.toString()));
    } finally {
      adding.unlock();
    }
  }

  @Override
  public List<ImageInfo> load(InputStream archive) {
    return store.load(archive).stream().map(StoredImage::info).toList();
  }

  @Override
  public List<ImageInfo> list() {
    addBundled();
    return store.list();
  }

  @Override
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    return store.pull(options, listener);
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
    find(reference);
    return store.push(reference, registries, listener);
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    references.forEach(this::find);
    store.save(references, format, archive);
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    return find(reference).map(StoredImage::info);
  }

  @Override
  public ImageDetails inspect(String reference) {
    find(reference); // so that an image that comes with BoxLite is there
    return store.inspect(reference);
  }

  @Override
  public ImageInfo tag(String source, String target) {
    find(source);
    return store.tag(source, target);
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    return removing(() -> store.remove(reference, force, users));
  }

  @Override
  public RemovedImages prune(boolean all) {
    return removing(() -> store.prune(all, users));
  }

  private RemovedImages removing(Supplier<RemovedImages> removal) {
    use.writeLock().lock();
    try {
      return removal.get();
    } finally {
      use.writeLock().unlock();
    }
  }

  /// Does what makes an image a used one. Meanwhile none is removed.
  ///
  /// @param imageId id of the image
  /// @param work what to do
  /// @throws ImageException if the image has been removed
  public void use(String imageId, Runnable work) {
    use.readLock().lock();
    try {
      if (!store.has(imageId)) {
        throw new ImageException(
            "image_lost", "image " + imageId + " was removed meanwhile; try again");
      }
      work.run();
    } finally {
      use.readLock().unlock();
    }
  }

  /// {@return what images, and what failed pulls left, take on disk}
  public List<DiskUsage.Row> usage() {
    return store.usage(users);
  }
}
