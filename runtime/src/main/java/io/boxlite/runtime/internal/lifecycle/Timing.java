package io.boxlite.runtime.internal.lifecycle;

import java.time.Duration;
import java.time.Instant;

/// The time, and waiting for it; a test has one that it moves itself. Thread-safe.
public interface Timing {
  /// The host's.
  Timing HOST =
      new Timing() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
          Thread.sleep(time);
        }
      };

  /// {@return the time}
  Instant now();

  /// Waits.
  ///
  /// @param time how long
  /// @throws InterruptedException if the thread is interrupted
  void sleep(Duration time) throws InterruptedException;
}
