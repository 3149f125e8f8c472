package io.boxlite.image.internal.store;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.InternalException;
import io.boxlite.api.NetworkException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Transfers blobs of one image, several at a time. On platform threads: they are busy for long,
/// and must not keep the runtime's virtual threads from running.
final class Transfers {
  private static final int AT_ONCE = 4;

  private Transfers() {}

  /// Does all; the first failure ends the others.
  ///
  /// @param transfers each tells whether anything had to be transferred
  /// @return whether anything had to be transferred
  static boolean all(List<Callable<Boolean>> transfers) {
    ExecutorService workers =
        Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().daemon().name("transfer-", 1).factory());
    try {
      return await(transfers, new ExecutorCompletionService<>(workers));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NetworkException("interrupted", "the transfer was interrupted", e, Map.of());
    } finally {
      workers.shutdownNow();
      workers.close();
    }
  }

  private static boolean await(
      List<Callable<Boolean>> transfers, ExecutorCompletionService<Boolean> results)
      throws InterruptedException {
    transfers.forEach(results::submit);
    boolean any = false;
    for (int i = 0; i < transfers.size(); i++) {
      try {
        any |= results.take().get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof BoxliteException known
            ? known
            : new InternalException("transfer_failed", "transfer: " + e.getCause(), e, Map.of());
      }
    }
    return any;
  }
}
