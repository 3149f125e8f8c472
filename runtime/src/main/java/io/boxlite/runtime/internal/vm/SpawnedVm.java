package io.boxlite.runtime.internal.vm;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Vm;
import org.jspecify.annotations.Nullable;

/// The VM of a start that is under way: lets another thread end it, whichever VM it is by then.
///
/// Thread-safe.
public final class SpawnedVm {
  private @Nullable Vm vm;
  private boolean unwanted;

  /// Takes note of the VM.
  ///
  /// @param spawned the VM, or the one that takes its place
  /// @throws EngineException if none is wanted by now; the caller ends it
  synchronized void set(Vm spawned) {
    if (unwanted) {
      throw new EngineException("start_abandoned", "the start of the box was given up");
    }
    vm = spawned;
  }

  /// Ends the VM that there is, and lets no other come.
  ///
  /// @throws EngineException if its process survives
  public synchronized void kill() {
    unwanted = true;
    if (vm != null) {
      vm.kill();
    }
  }

  /// {@return whether it was ended from outside}
  public synchronized boolean isUnwanted() {
    return unwanted;
  }
}
