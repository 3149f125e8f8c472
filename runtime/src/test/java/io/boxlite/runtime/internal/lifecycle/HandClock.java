package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// A time that only the test moves.
final class HandClock implements Timing {
  private Instant now = Instant.EPOCH;
  private final List<Instant> sleepers = new ArrayList<>();

  @Override
  public synchronized Instant now() {
    return now;
  }

  @Override
  public void sleep(Duration time) throws InterruptedException {
    synchronized (this) {
      Instant until = now.plus(time);
      sleepers.add(until);
      notifyAll();
      try {
        while (now.isBefore(until)) {
          wait();
        }
      } finally {
        sleepers.remove(until);
        notifyAll();
      }
    }
  }

  synchronized void advance(Duration time) {
    now = now.plus(time);
    notifyAll();
  }

  /// Waits for the one thread that sleeps.
  ///
  /// @return how long it will
  synchronized Duration awaitSleeper() throws InterruptedException {
    awaitSleepers(1);
    return Duration.between(now, sleepers.getFirst());
  }

  /// Lets the one thread that sleeps go on.
  Duration passSleep() throws InterruptedException {
    Duration time = awaitSleeper();
    advance(time);
    return time;
  }

  synchronized void awaitSleepers(int count) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (sleepers.stream().filter(now::isBefore).count() != count) {
      assertThat(System.nanoTime()).as("sleepers %s", sleepers).isLessThan(deadline);
      wait(100);
    }
  }
}
