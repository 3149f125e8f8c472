package io.boxlite.image.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.layer.Assumptions;
import io.boxlite.image.internal.layer.LayerConverter;
import io.boxlite.image.internal.layer.LowerFiles;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

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
  private final ImageLimits limits;
  private final SingleFlight<Path> converting = new SingleFlight<>();

  LayerStore(StorePaths paths, Staging staging, ImageLimits limits) {
    this.paths = paths;
    this.staging = staging;
    this.limits = limits;
  }

  boolean has(Digest diffId) {
    return Files.isRegularFile(paths.layer(diffId));
  }

  /// {@return whether the file of a layer of an image is known and there}
  boolean hasFile(ImageCatalog.Layer layer) {
    return layer.file().isPresent() && Files.isRegularFile(file(layer));
  }

  /// {@return the file of a layer of an image; legal when it is known}
  Path file(ImageCatalog.Layer layer) {
    return paths.layers().resolve(layer.file().orElseThrow());
  }

  private static String assumptionsName(Digest diffId) {
    return diffId.hex() + ".assumes";
  }

  /// Makes sure that all layers of an image are converted. Where the file that all images share
  /// assumes of the layers below what is not so in this image, there is one of its own.
  ///
  /// @param layers lowest first
  /// @return the same with their files
  List<ImageCatalog.Layer> settle(List<ImageCatalog.Layer> layers, BlobStore blobs)
      throws IOException {
    List<ImageCatalog.Layer> settled = new ArrayList<>();
    List<Path> below = new ArrayList<>();
    for (ImageCatalog.Layer layer : layers) {
      Path file = settle(layer.diffId(), () -> blobs.open(layer.blob()), below);
      below.add(file);
      settled.add(
          new ImageCatalog.Layer(
              layer.blob(),
              layer.size(),
              layer.diffId(),
              Optional.of(String.valueOf(file.getFileName()))));
    }
    return List.copyOf(settled);
  }

  private Path settle(Digest diffId, Blob blob, List<Path> below) throws IOException {
    Path shared = ensure(diffId, blob);
    Assumptions assumptions = assumptions(diffId);
    if (assumptions.isEmpty()) {
      return shared;
    }
    try (LowerFiles lower = LowerFiles.open(below)) {
      if (assumptions.hold(lower)) {
        return shared;
      }
      Path own = ownFile(diffId, below);
      return ensure(own, () -> convert(diffId, blob, own, lower));
    }
  }

  private Assumptions assumptions(Digest diffId) throws IOException {
    Path file = paths.layers().resolve(assumptionsName(diffId));
    return Files.isRegularFile(file)
        ? Assumptions.decode(Files.readAllBytes(file))
        : Assumptions.NONE;
  }

  // The layers below decide what is in it, so they are in its name.
  private Path ownFile(Digest diffId, List<Path> below) {
    String names =
        below.stream()
            .map(file -> String.valueOf(file.getFileName()))
            .collect(Collectors.joining("/"));
    String chain = Digest.of(names.getBytes(UTF_8)).hex();
    return paths.layers().resolve(diffId.hex() + "-" + chain + ".erofs");
  }

  /// {@return bytes of the files whose names are wanted}
  long bytes(Predicate<String> wanted) throws IOException {
    return Staging.bytes(Staging.files(paths.layers(), wanted));
  }

  /// Deletes files.
  ///
  /// @param kept whether the file of a name stays; all names begin with a diff id
  /// @return bytes that were freed
  long deleteAllBut(Predicate<String> kept) throws IOException {
    return Staging.deleteAll(paths.layers(), kept.negate());
  }

  /// Makes sure that the file of a layer exists that all images share.
  ///
  /// @throws io.boxlite.api.BoxliteException of the image if the layer is bad, of storage if a file
  ///   fails
  Path ensure(Digest diffId, Blob blob) {
    Path target = paths.layer(diffId);
    return ensure(target, () -> convert(diffId, blob, target, LowerFiles.NONE));
  }

  /// Like [#ensure(Digest, Blob)], and makes sure that this very blob is that layer: the file may
  /// have been made from another.
  Path ensureOf(Digest diffId, Blob blob) {
    if (has(diffId)) {
      try (InputStream in = blob.open()) {
        LayerConverter.verify(in, diffId.bytes(), limits);
      } catch (IOException e) {
        throw StoreErrors.failed("cannot read layer " + diffId, paths.layers(), e);
      }
    }
    return ensure(diffId, blob);
  }

  private Path ensure(Path target, Runnable conversion) {
    try {
      // When another's blob was bad ours may be good: same diff id, another compression.
      converting.until(() -> Files.isRegularFile(target), target, () -> {}, conversion::run);
      return target;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          "interrupted", "interrupted while " + target.getFileName() + " is made", e, Map.of());
    }
  }

  private void convert(Digest diffId, Blob blob, Path target, LowerFiles lower) {
    Path file = staging.newFile();
    try (InputStream in = blob.open()) {
      Assumptions assumptions =
          LayerConverter.convert(in, file, staging.newFile(), diffId.bytes(), limits, lower);
      if (lower == LowerFiles.NONE && !assumptions.isEmpty()) {
        staging.replace(paths.layers().resolve(assumptionsName(diffId)), assumptions.encode());
      }
      CrashPoint.reached("layer.converted");
      Staging.rename(file, target);
      CrashPoint.reached("layer.stored");
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
