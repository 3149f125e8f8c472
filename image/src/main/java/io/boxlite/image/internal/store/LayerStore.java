package io.boxlite.image.internal.store;

import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.layer.LayerConverter;
import io.boxlite.image.internal.layer.LowerFiles;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// The EROFS file of each layer, by diff id. Thread-safe: a layer that one thread converts is
/// waited for by the others.
final class LayerStore {
  /// Opens the blob of a layer.
  @FunctionalInterface
  interface Blob {
    InputStream open() throws IOException;
  }

  private final StorePaths paths;
  private final Staging staging;
  private final ConcurrentMap<Digest, CompletableFuture<Path>> running = new ConcurrentHashMap<>();

  LayerStore(StorePaths paths, Staging staging) {
    this.paths = paths;
    this.staging = staging;
  }

  /// Makes sure that the file of a layer exists.
  ///
  /// @throws io.boxlite.api.BoxliteException of the image if the layer is bad, of storage if a file
  ///   fails
  Path ensure(Digest diffId, Blob blob) {
    while (true) {
      Path target = paths.layer(diffId);
      if (Files.isRegularFile(target)) {
        return target;
      }
      CompletableFuture<Path> own = new CompletableFuture<>();
      CompletableFuture<Path> other = running.putIfAbsent(diffId, own);
      if (other == null) {
        return lead(diffId, blob, own);
      }
      try {
        return other.join();
      } catch (CompletionException e) {
        // The other's blob was bad; ours may be good (same diff id, another compression).
      }
    }
  }

  private Path lead(Digest diffId, Blob blob, CompletableFuture<Path> result) {
    try {
      // It may have been finished between the first look and our entry.
      Path target = paths.layer(diffId);
      Path made = Files.isRegularFile(target) ? target : convert(diffId, blob, target);
      running.remove(diffId, result);
      result.complete(made);
      return made;
    } finally {
      running.remove(diffId, result);
      result.completeExceptionally(new IllegalStateException("conversion failed"));
    }
  }

  private Path convert(Digest diffId, Blob blob, Path target) {
    Path file = staging.newFile();
    try (InputStream in = blob.open()) {
      LayerConverter.convert(
          in, file, staging.newFile(), diffId.bytes(), ImageLimits.DEFAULT, LowerFiles.NONE);
      Staging.rename(file, target);
      return target;
    } catch (IOException e) {
      throw StoreErrors.failed("cannot convert layer " + diffId, paths.layers(), e);
    } finally {
      delete(file);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // deleted when the store is opened next
    }
  }
}
