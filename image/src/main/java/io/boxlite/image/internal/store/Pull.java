package io.boxlite.image.internal.store;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.InternalException;
import io.boxlite.api.StorageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.registry.Repository;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Brings all layers of one image, several at a time. Platform threads: they are busy for long, and
/// must not keep the runtime's virtual threads from running.
final class Pull {
  private static final int AT_ONCE = 4;

  private Pull() {}

  /// @return whether any layer was fetched
  static boolean layers(
      LayerFetcher fetcher, ResolvedImage image, Repository repository, TransferListener listener) {
    listener.begin(image.layers());
    Set<LayerFetcher.Layer> layers = new LinkedHashSet<>();
    for (int i = 0; i < image.layers().size(); i++) {
      layers.add(new LayerFetcher.Layer(image.layers().get(i), image.diffIds().get(i), repository));
    }
    ExecutorService workers =
        Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().daemon().name("pull-", 1).factory());
    try {
      return await(fetcher, List.copyOf(layers), listener, workers);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException("interrupted", "the pull was interrupted", e, Map.of());
    } finally {
      workers.shutdownNow();
      workers.close();
    }
  }

  private static boolean await(
      LayerFetcher fetcher,
      List<LayerFetcher.Layer> layers,
      TransferListener listener,
      ExecutorService workers)
      throws InterruptedException {
    ExecutorCompletionService<Boolean> results = new ExecutorCompletionService<>(workers);
    for (LayerFetcher.Layer layer : layers) {
      Descriptor blob = layer.blob();
      results.submit(() -> fetcher.fetch(layer, (stage, done) -> listener.step(blob, stage, done)));
    }
    boolean fetched = false;
    for (int i = 0; i < layers.size(); i++) {
      try {
        fetched |= results.take().get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof BoxliteException known
            ? known
            : new InternalException("pull_failed", "pull: " + e.getCause(), e, Map.of());
      }
    }
    return fetched;
  }
}
