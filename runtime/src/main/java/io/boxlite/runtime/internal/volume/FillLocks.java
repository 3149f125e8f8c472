package io.boxlite.runtime.internal.volume;

import io.boxlite.api.EngineException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Which volumes a box is just filling, for others to wait. Thread-safe.
final class FillLocks {
  private static final Duration CHECK = Duration.ofMillis(100);

  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

  /// Waits until nobody else fills any of some volumes.
  ///
  /// @param ids of the volumes
  /// @param unwanted whether nobody waits for that any more
  /// @return releases them; to be run by this thread
  /// @throws EngineException if it is not wanted any more, or this thread is interrupted
  Runnable take(Collection<String> ids, BooleanSupplier unwanted) {
    Deque<ReentrantLock> held = new ArrayDeque<>();
    Runnable release = () -> held.forEach(ReentrantLock::unlock);
    try {
      // In one order, so that two boxes do not wait for each other.
      for (String id : new TreeSet<>(ids)) {
        ReentrantLock one = locks.computeIfAbsent(id, _ -> new ReentrantLock());
        await(one, unwanted);
        held.push(one);
      }
      return release;
    } catch (RuntimeException e) {
      release.run();
      throw e;
    }
  }

  private static void await(ReentrantLock one, BooleanSupplier unwanted) {
    try {
      while (!one.tryLock(CHECK.toMillis(), TimeUnit.MILLISECONDS)) {
        if (unwanted.getAsBoolean()) {
          throw new EngineException("start_abandoned", "the start of the box was given up");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          "interrupted", "interrupted while another box fills a volume", e, Map.of());
    }
  }

  /// A volume is gone, and used by no box.
  void forget(String id) {
    locks.remove(id);
  }
}
