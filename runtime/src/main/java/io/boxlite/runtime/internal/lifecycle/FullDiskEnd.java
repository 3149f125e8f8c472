package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.StorageException;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import java.nio.file.Path;
import java.util.Map;

/// Ends a VM that the VM monitor stops because the host's disk is full: for what somebody waits
/// for, and which cannot wait for room. Unlike [FullDisk], for a box that runs. Any thread.
final class FullDiskEnd {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private final Vm vm;
  private volatile boolean happened;

  /// Watches from now on, until somebody else gives the VM another action for its stops.
  ///
  /// @param vm not owned
  FullDiskEnd(Vm vm) {
    this.vm = vm;
    vm.onStop(() -> Thread.ofVirtual().name("disk-" + vm.id()).start(this::look));
    look(); // it may have stopped before
  }

  private void look() {
    try {
      if (vm.activity() == VmActivity.DISK_FULL) {
        happened = true;
        vm.kill();
      }
    } catch (EngineException e) {
      // It has ended, which its owner learns in another way.
      LOG.log(System.Logger.Level.DEBUG, "vm {0}: {1}", vm.id(), e.getMessage());
    }
  }

  /// {@return why something failed: what followed from the full disk says nothing to a user}
  ///
  /// @param what failed
  /// @param directory that has no room
  /// @param e how
  BoxliteException explain(String what, Path directory, BoxliteException e) {
    return happened
        ? new StorageException(
            "host_disk_full",
            what + ": the host's disk is full; make room in " + directory,
            e,
            Map.of())
        : e;
  }
}
