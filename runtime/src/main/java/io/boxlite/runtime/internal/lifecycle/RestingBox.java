package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// A box that does not run, and is brought up for a while without its main command. Whoever calls
/// holds the box's lock.
///
/// @param boot of the box
/// @param box its record
/// @param spawned through which any thread may end the VM meanwhile
/// @param store keeps a state of the box, or fails
/// @param keep keeps one that has come about anyway
record RestingBox(
    BoxBoot boot,
    BoxRecord box,
    SpawnedVm spawned,
    Consumer<BoxState> store,
    Consumer<BoxState> keep) {

  /// Does something with its agent; its state is the same afterwards.
  ///
  /// @param writes whether what the work has written is to be on the disk before it is done
  /// @throws StorageException also if it is not
  <T> T withAgent(boolean writes, Function<Portal, T> work) {
    BoxState before = box.state();
    try {
      RunningBox run =
          boot.boot(
                  withoutNetwork(), spawned, vm -> store.accept(before.upFor(BoxBoot.recorded(vm))))
              .running();
      FullDiskEnd full = new FullDiskEnd(run.vm());
      try {
        return worked(run, writes, work);
      } catch (BoxliteException e) {
        throw full.explain("box " + box.id(), boot.directory(), e);
      }
    } finally {
      keep.accept(before);
    }
  }

  private <T> T worked(RunningBox run, boolean writes, Function<Portal, T> work) {
    T result;
    Optional<BoxliteException> unsaved;
    try {
      CrashPoint.reached("resting.up");
      result = work.apply(run.portal());
    } finally {
      CrashPoint.reached("resting.done");
      unsaved = end(run);
    }
    if (writes && unsaved.isPresent()) {
      BoxliteException e = unsaved.get();
      throw new StorageException(
          "not_saved",
          "box "
              + box.id()
              + ": not all that was written has reached its disk: "
              + e.getMessage()
              + "; do it again",
          e,
          Map.of());
    }
    return result;
  }

  private BoxRecord withoutNetwork() {
    return box.with(box.options().toBuilder().network(NetworkOptions.DISABLED).build());
  }

  /// {@return why what was written may not be on the disk}
  private Optional<BoxliteException> end(RunningBox run) {
    try {
      return run.shutDown(Duration.ZERO).failure();
    } finally {
      run.abandon(new PortalException("box_stopped", "box " + box.id() + " has stopped"));
    }
  }
}
