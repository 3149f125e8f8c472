package io.boxlite.runtime.internal.vm;

import io.boxlite.api.EngineException;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Lets only as many guests boot or be restored at once as the host has CPUs (two at least): that
/// is all CPU, so more at once would only make every one of them late.
public final class BootGate {
  private final int count = Math.max(2, Runtime.getRuntime().availableProcessors());
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition changed = lock.newCondition();
  private int active;
  private int waiting;

  /// Waits for its turn.
  ///
  /// @return to be closed when the guest has come up
  /// @throws EngineException if the thread is interrupted
  public Turn enter() {
    lock.lock();
    waiting++;
    try {
      while (active >= count) {
        changed.await();
      }
      active++;
      return this::leave;
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      waiting--;
      lock.unlock();
    }
  }

  /// Waits until nobody boots or wants to, for work that is not urgent; then others may boot beside
  /// it.
  ///
  /// @return to be closed when the guest has come up
  /// @throws EngineException if the thread is interrupted
  Turn enterWhenIdle() {
    lock.lock();
    try {
      while (active > 0 || waiting > 0) {
        changed.await();
      }
      active++;
      return this::leave;
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    lock.lock();
    try {
      active--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static EngineException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new EngineException("interrupted", "start of a box was interrupted", cause, Map.of());
  }

  /// One guest's turn to come up.
  public interface Turn extends AutoCloseable {
    @Override
    void close();
  }
}
