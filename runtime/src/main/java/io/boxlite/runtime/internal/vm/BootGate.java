package io.boxlite.runtime.internal.vm;

import io.boxlite.api.EngineException;
import java.util.Map;
import java.util.concurrent.Semaphore;

/// Lets only as many guests boot or be restored at once as the host has CPUs (two at least): that
/// is all CPU, so more at once would only make every one of them late.
public final class BootGate {
  private final int count = Math.max(2, Runtime.getRuntime().availableProcessors());
  private final Semaphore permits = new Semaphore(count, true);

  /// Waits for its turn.
  ///
  /// @return to be closed when the guest has come up
  /// @throws EngineException if the thread is interrupted
  public Turn enter() {
    return enter(1);
  }

  /// Waits until nobody boots, for work that is not urgent; then others may boot beside it.
  ///
  /// @return to be closed when the guest has come up
  /// @throws EngineException if the thread is interrupted
  Turn enterWhenIdle() {
    Turn turn = enter(count);
    permits.release(count - 1);
    return turn;
  }

  private Turn enter(int turns) {
    try {
      permits.acquire(turns);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "start of a box was interrupted", e, Map.of());
    }
    return permits::release;
  }

  /// One guest's turn to come up.
  public interface Turn extends AutoCloseable {
    @Override
    void close();
  }
}
