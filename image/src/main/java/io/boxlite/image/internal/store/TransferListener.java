package io.boxlite.image.internal.store;

import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.image.internal.oci.Descriptor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Tells a listener how the layers of one transfer go on: one call at a time, every change of
/// stage, and within a stage ten times a second. Thread-safe.
public final class TransferListener {
  private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(100);

  private record Last(Stage stage, long at) {}

  private final Consumer<TransferProgress> listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Last> last = new HashMap<>();

  public TransferListener(Consumer<TransferProgress> listener) {
    this.listener = listener;
  }

  /// Names all layers, before anything is told of one.
  public void begin(List<Descriptor> layers) {
    layers.forEach(layer -> step(layer, Stage.WAITING, 0));
  }

  public void step(Descriptor layer, Stage stage, long done) {
    String digest = layer.checkedDigest().toString();
    long now = System.nanoTime();
    lock.lock();
    try {
      Last before = last.get(digest);
      if (before == null || before.stage != stage || now - before.at >= INTERVAL) {
        last.put(digest, new Last(stage, now));
        listener.accept(new TransferProgress(digest, stage, done, layer.size()));
      }
    } finally {
      lock.unlock();
    }
  }
}
