package io.boxlite.image.internal.registry;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// Counts the tries of one thing, and waits between them. Confined to one thread.
final class Tries {
  private static final int MAX_DOUBLINGS = 5;

  private final Patience patience;
  private int failures;

  Tries(Patience patience) {
    this.patience = patience;
  }

  /// Notes that there was progress: what fails next is the first failure again.
  void progressed() {
    failures = 0;
  }

  /// Waits until the next try is due.
  ///
  /// @param failure of the last one
  /// @throws io.boxlite.api.BoxliteException what the failure tells, if that was the last try or
  ///   the registry wishes to be left alone for longer than all tries take; `interrupted` if the
  ///   thread is
  void failed(TransientException failure) {
    failures++;
    Duration wished = failure.retryAfter().orElse(Duration.ZERO);
    Duration granted = patience.retryAfter();
    if (failures >= patience.tries()
        || wished.compareTo(granted.multipliedBy(patience.tries())) > 0) {
      throw failure.told();
    }
    Duration pause = wished.isZero() ? backOff() : wished.compareTo(granted) > 0 ? granted : wished;
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted(e);
    }
  }

  // Half of it is left to chance, so that the layers of an image do not come back all at once.
  private Duration backOff() {
    long nanos = patience.backOff().toNanos() << Math.min(failures - 1, MAX_DOUBLINGS);
    return Duration.ofNanos(nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2 + 1));
  }
}
