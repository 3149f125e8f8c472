package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress;
import io.boxlite.image.ImageStore;
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
import java.util.function.Consumer;

/// The images of a home, and those that come with BoxLite: these are added when they are first
/// asked for. Thread-safe.
public final class LocalImages implements Images {
  private static final String SUFFIX = ".tar";

  private final ImageStore store;
  private final Path bundled;
  private final ReentrantLock adding = new ReentrantLock();

  /// Uses a store.
  ///
  /// @param store the store
  /// @param bundled directory with one archive `<name>.tar` for each image that comes with BoxLite;
  ///   need not exist
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
    if (found.isPresent()) {
      return found;
    }
    addBundled();
    return store.find(reference);
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
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public ImageDetails inspect(String reference) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public ImageInfo tag(String source, String target) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public RemovedImages prune(boolean all) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }
}
