package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.PortalException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;

/// A box that does not run, and is brought up for a while without its main command. Whoever calls
/// holds the box's lock.
///
/// @param boot of the box
/// @param box its record
/// @param spawned through which any thread may end the VM meanwhile
/// @param store keeps a state of the box
record RestingBox(BoxBoot boot, BoxRecord box, SpawnedVm spawned, Consumer<BoxState> store) {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// Does something with its agent; its state is the same afterwards.
  <T> T withAgent(Function<Portal, T> work) {
    BoxState before = box.state();
    try {
      // On the way to where it was: whoever finds it so after a crash ends the VM, no more.
      RunningBox run =
          boot.boot(
                  box, spawned, vm -> store.accept(before.running(BoxBoot.recorded(vm)).stopping()))
              .running();
      try {
        CrashPoint.reached("resting.up");
        return work.apply(run.portal());
      } finally {
        CrashPoint.reached("resting.done");
        end(run);
      }
    } finally {
      restore(before);
    }
  }

  private void end(RunningBox run) {
    try {
      run.shutDown(Duration.ZERO);
    } finally {
      run.abandon(new PortalException("box_stopped", "box " + box.id() + " has stopped"));
    }
  }

  // What went wrong before says more than that this did too.
  private void restore(BoxState before) {
    try {
      store.accept(before);
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.ERROR, "box " + box.id() + ": its state cannot be stored", e);
    }
  }
}
