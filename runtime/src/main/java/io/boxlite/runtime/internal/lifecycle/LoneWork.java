package io.boxlite.runtime.internal.lifecycle;

import org.jspecify.annotations.Nullable;

/// What keeps a box's lock for as long as a caller's stream takes. Any thread.
final class LoneWork {
  private @Nullable Thread worker;
  private boolean broken;

  /// The calling thread begins. Nobody else does before it is done: it holds the box's lock.
  synchronized void begin() {
    worker = Thread.currentThread();
    broken = false;
  }

  /// The calling thread is done, and was perhaps interrupted for nobody's sake but the box's.
  synchronized void end() {
    worker = null;
    if (broken) {
      broken = false;
      var _ = Thread.interrupted();
    }
  }

  /// {@return whether somebody works, and nobody else shall}
  synchronized boolean isOn() {
    return worker != null;
  }

  /// Breaks it off, also where it waits for the caller's stream. The VM has been ended before:
  /// there is nothing that it could still bring to an end.
  synchronized void breakOff() {
    if (worker != null) {
      broken = true;
      worker.interrupt();
    }
  }
}
