package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxStatus;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.portal.StandStill;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.vmm.VmDisk;
import java.nio.file.Path;
import java.util.Optional;

/// Keeps what the disk of a box is at this moment. Whoever calls holds the box's lock.
///
/// @param context of the runtime
/// @param box its record
record BoxDiskCut(BoxContext context, BoxRecord box) {

  /// Does it; a box that runs stands still meanwhile.
  ///
  /// @param run if it has one
  /// @return id of the kept disk
  String make(Optional<RunningBox> run) {
    Path disk = context.layout().box(box.id()).disk();
    BoxStatus status = box.state().status();
    if (run.isEmpty() && !status.isActive()) {
      context.disks().ensure(disk, BoxDisks.sizeGib(box.options()));
      return context.kept().keep(disk);
    }
    boolean paused = box.state().isPausedByUser();
    if (run.isEmpty() || !(status == BoxStatus.RUNNING || paused)) {
      throw Refusals.cut(box);
    }
    if (!paused) {
      return live(run.get(), disk);
    }
    run.get().vm().resume(); // its agent is to bring all to the disk
    try {
      return live(run.get(), disk);
    } finally {
      run.get().vm().pause();
    }
  }

  private String live(RunningBox run, Path disk) {
    try (StandStill still = run.portal().standStill()) {
      String id = context.kept().keep(disk);
      run.vm()
          .goOnIn(
              new VmDisk(VmDisk.Slot.BOX, disk, VmDisk.Format.QCOW2, box.options().autoRemove()));
      still.check();
      return id;
    }
  }
}
