package io.boxlite.image.internal.store;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ImageException;
import io.boxlite.api.InternalException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Brings layers from a registry into the store. A layer is converted while it is fetched, and what
/// has come of it is kept when that fails, for the next pull to go on from. Thread-safe: a blob
/// that one thread fetches is waited for by the others.
final class LayerFetcher {
  private static final int BUFFER = 256 * 1024;

  /// A layer to bring.
  ///
  /// @param blob as registries have it
  /// @param diffId of the uncompressed archive
  /// @param repository where it is
  record Layer(Descriptor blob, Digest diffId, Repository repository) {
    Digest digest() {
      return blob.checkedDigest();
    }
  }

  /// Told of each step, with the bytes of the blob that are there.
  @FunctionalInterface
  interface Progress {
    void step(Stage stage, long done);
  }

  private final StorePaths paths;
  private final BlobStore blobs;
  private final LayerStore layers;
  private final SingleFlight<Digest> fetching = new SingleFlight<>();

  LayerFetcher(StorePaths paths, BlobStore blobs, LayerStore layers) {
    this.paths = paths;
    this.blobs = blobs;
    this.layers = layers;
  }

  /// Makes sure that all layers of an image are in the store.
  ///
  /// @return whether any was fetched
  boolean fetchAll(ResolvedImage image, Repository repository, TransferListener listener) {
    listener.begin(image.layers());
    Set<Layer> wanted = new LinkedHashSet<>();
    for (int i = 0; i < image.layers().size(); i++) {
      wanted.add(new Layer(image.layers().get(i), image.diffIds().get(i), repository));
    }
    List<Callable<Boolean>> transfers = new ArrayList<>();
    for (Layer layer : wanted) {
      Progress progress = (stage, done) -> listener.step(layer.blob(), stage, done);
      transfers.add(() -> fetch(layer, progress));
    }
    return Transfers.all(transfers);
  }

  /// Makes sure that a layer's blob and converted file are in the store.
  ///
  /// @return whether it was fetched
  private boolean fetch(Layer layer, Progress progress) throws InterruptedException {
    if (blobs.has(layer.digest()) && !layers.has(layer.diffId())) {
      deleteIfCorrupt(layer.digest());
    }
    boolean fetched = !blobs.has(layer.digest());
    fetching.until(
        () -> blobs.has(layer.digest()),
        layer.digest(),
        () -> progress.step(Stage.SHARED, 0),
        () -> lead(layer, progress));
    boolean converted = layers.has(layer.diffId());
    if (!converted) {
      progress.step(Stage.FINISHING, layer.blob().size());
      layers.ensure(layer.diffId(), () -> blobs.open(layer.digest()));
    }
    progress.step(fetched || !converted ? Stage.DONE : Stage.EXISTS, layer.blob().size());
    return fetched;
  }

  private void deleteIfCorrupt(Digest blob) {
    try {
      blobs.deleteIfCorrupt(blob);
    } catch (IOException e) {
      throw StoreErrors.failed("cannot read layer " + blob, paths.root(), e);
    }
  }

  /// {@return whether a blob is being fetched}
  ///
  /// @param hex digits of its digest
  boolean isRunning(String hex) {
    return fetching.running().stream().anyMatch(digest -> digest.hex().equals(hex));
  }

  private void lead(Layer layer, Progress progress) throws InterruptedException {
    try {
      bring(layer, progress);
    } catch (ClosedByInterruptException e) {
      throw new NetworkException("interrupted", "the transfer was interrupted", e, Map.of());
    } catch (IOException e) {
      deletePartial(layer); // this disk is the last that should keep what nobody has use for
      throw StoreErrors.failed("cannot store layer " + layer.digest(), paths.root(), e);
    }
  }

  private void bring(Layer layer, Progress progress) throws IOException, InterruptedException {
    Path file = paths.partialBlob(layer.digest());
    boolean resumed = false;
    try (GrowingFile growing = GrowingFile.open(file, layer.blob().size())) {
      resumed = growing.size() > 0;
      if (bring(layer, growing, progress)) {
        return;
      }
    } catch (ImageException e) {
      if (!resumed) {
        throw e;
      }
    }
    Files.deleteIfExists(file);
    if (!resumed) {
      throw new ImageException(
          "digest_mismatch",
          "layer %s: what the registry sent has another digest; try again, or tell its owner"
              .formatted(layer.digest()));
    }
    bring(layer, progress); // what was left of an earlier pull was bad
  }

  /// {@return whether the digest was right}
  private boolean bring(Layer layer, GrowingFile growing, Progress progress)
      throws IOException, InterruptedException {
    FutureTask<Path> conversion =
        new FutureTask<>(() -> layers.ensureOf(layer.diffId(), growing::reader));
    Thread converter =
        Thread.ofPlatform().daemon().name("convert-" + layer.digest().hex()).start(conversion);
    try {
      download(layer, growing, conversion, progress);
      if (conversion.state() != FutureTask.State.FAILED) {
        if (!growing.digest().equals(layer.digest())) {
          return false;
        }
        progress.step(Stage.FINISHING, growing.size());
        growing.force();
        CrashPoint.reached("pull.received");
        Staging.rename(paths.partialBlob(layer.digest()), paths.blob(layer.digest()));
        CrashPoint.reached("pull.blob");
        growing.complete();
      }
      conversion.get();
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ImageException
          || (e.getCause() instanceof StorageException full && full.reason().equals("disk_full"))) {
        deletePartial(layer);
      }
      throw cause(e);
    } finally {
      growing.fail();
      converter.interrupt();
      joinUninterruptibly(converter);
    }
  }

  private static BoxliteException cause(ExecutionException e) {
    return e.getCause() instanceof BoxliteException known
        ? known
        : new InternalException(
            "conversion_failed", "conversion of a layer: " + e.getCause(), e, Map.of());
  }

  // The converter reads the file that is closed next. It has been interrupted: it ends soon.
  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // Ends early when the conversion has found that the layer is bad.
  private static void download(
      Layer layer, GrowingFile growing, FutureTask<Path> conversion, Progress progress)
      throws IOException {
    long size = layer.blob().size();
    progress.step(Stage.TRANSFERRING, growing.size());
    if (growing.size() == size) {
      return;
    }
    Runnable retrying = () -> progress.step(Stage.RETRYING, growing.size());
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = layer.repository().blob(layer.blob(), growing.size(), retrying)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (conversion.state() == FutureTask.State.FAILED) {
          return;
        }
        if (n > size - growing.size()) {
          throw new ImageException(
              "too_large", "layer " + layer.digest() + " is longer than its manifest says");
        }
        growing.append(buffer, 0, n);
        progress.step(Stage.TRANSFERRING, growing.size());
      }
    }
  }

  private void deletePartial(Layer layer) {
    try {
      Files.deleteIfExists(paths.partialBlob(layer.digest()));
    } catch (IOException e) {
      throw new StorageException(
          "image_store",
          "cannot delete " + paths.partialBlob(layer.digest()) + ": " + e.getMessage(),
          e,
          Map.of());
    }
  }
}
