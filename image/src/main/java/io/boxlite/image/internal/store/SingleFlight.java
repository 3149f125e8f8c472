package io.boxlite.image.internal.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/// Has one thread at a time make what a key names. The others wait until it has ended, well or not,
/// and look again: what one could not make, the next may. Thread-safe.
final class SingleFlight<K> {
  /// Makes what a key names.
  @FunctionalInterface
  interface Work {
    void run() throws InterruptedException;
  }

  private final ConcurrentMap<K, CountDownLatch> running = new ConcurrentHashMap<>();

  /// Returns once it is there.
  ///
  /// @param there whether it is
  /// @param waiting called before waiting for another thread
  /// @param work makes it; what it throws goes to the caller
  void until(BooleanSupplier there, K key, Runnable waiting, Work work)
      throws InterruptedException {
    while (!there.getAsBoolean()) {
      CountDownLatch own = new CountDownLatch(1);
      CountDownLatch other = running.putIfAbsent(key, own);
      if (other != null) {
        waiting.run();
        other.await();
        continue;
      }
      try {
        if (!there.getAsBoolean()) { // it may have come between the first look and our entry
          work.run();
        }
      } finally {
        running.remove(key, own);
        own.countDown();
      }
    }
  }

  /// {@return what is being made now}
  Set<K> running() {
    return Set.copyOf(running.keySet());
  }
}
