package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.vmm.Vm;
import java.nio.file.Path;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Takes over, when there is room again, a box whose VM stands still because the host's disk is
/// full and whose agent therefore cannot answer.
final class LateTakeover {
  private final BoxContext context;
  private final String id;
  private final Lock lock;

  /// Changed under the lock.
  private @Nullable FullDisk waiting;

  /// Does nothing yet.
  ///
  /// @param lock of the box, which callers hold
  LateTakeover(BoxContext context, String id, Lock lock) {
    this.context = context;
    this.id = id;
    this.lock = lock;
  }

  /// Begins to wait.
  ///
  /// @param vm closed when it runs or has ended, before it is taken over
  /// @param state of the box
  /// @param takeOver done with the lock held, unless [#cancel()] is called before
  void begin(Vm vm, Supplier<BoxState> state, Runnable takeOver) {
    FullDisk disk = new FullDisk(vm, directory(), state, _ -> true);
    waiting = disk;
    context.inBackground(
        id,
        "disk",
        () -> {
          try (vm) {
            disk.waitForRoom();
          }
          lock.lock();
          try {
            if (waiting == disk) {
              waiting = null;
              takeOver.run();
            }
          } finally {
            lock.unlock();
          }
        });
  }

  private Path directory() {
    return context.layout().box(id).directory();
  }

  /// Takes nothing over. Does nothing when nobody waits.
  void cancel() {
    FullDisk disk = waiting;
    waiting = null;
    if (disk != null) {
      disk.close();
    }
  }
}
