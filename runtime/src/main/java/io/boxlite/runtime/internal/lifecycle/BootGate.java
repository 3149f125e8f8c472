package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.EngineException;
import java.util.Map;
import java.util.concurrent.Semaphore;

/// Lets only as many guests boot at once as the host has CPUs (two at least): booting is all CPU,
/// so more at once would only make every one of them late.
public final class BootGate {
  private final Semaphore permits =
      new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);

  /// Waits for its turn.
  ///
  /// @return to be closed when the guest has booted
  /// @throws EngineException if the thread is interrupted
  Turn enter() {
    try {
      permits.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "start of a box was interrupted", e, Map.of());
    }
    return permits::release;
  }

  /// One guest's turn to boot.
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }
}
