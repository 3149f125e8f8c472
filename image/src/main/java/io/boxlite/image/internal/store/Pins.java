package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Digest;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// What must not be deleted though no image of the index has it yet: the blobs and layers of images
/// that are being added. Thread-safe.
final class Pins {
  private final ReentrantLock lock;
  private final Map<Digest, Integer> counts = new HashMap<>();

  /// @param lock held by whoever deletes, so that what is pinned is either seen or not yet there
  Pins(ReentrantLock lock) {
    this.lock = lock;
  }

  /// Keeps these until the result is closed.
  Pin hold(Collection<Digest> digests) {
    List<Digest> held = List.copyOf(digests);
    lock.lock();
    try {
      held.forEach(digest -> counts.merge(digest, 1, Integer::sum));
    } finally {
      lock.unlock();
    }
    return () -> release(held);
  }

  private void release(List<Digest> held) {
    lock.lock();
    try {
      held.forEach(digest -> counts.computeIfPresent(digest, (_, n) -> n == 1 ? null : n - 1));
    } finally {
      lock.unlock();
    }
  }

  /// {@return what is held now; legal with the lock}
  Set<Digest> held() {
    return new HashSet<>(counts.keySet());
  }

  /// Held digests.
  @FunctionalInterface
  interface Pin extends AutoCloseable {
    @Override
    void close();
  }
}
