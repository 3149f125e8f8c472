package io.boxlite.runtime.internal.vm;

import io.boxlite.api.StorageException;
import io.boxlite.image.RehearsalLayer;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Has the agent of a VM do once all that the start of a box will need, with disks like a box's,
/// and takes the disks out again.
///
/// @param layout of the home
/// @param disks makes a disk like a box's
record Rehearsal(HomeLayout layout, BoxDisks disks) {

  /// Rehearses.
  ///
  /// @param vm with empty slots, as afterwards
  /// @param portal into it
  /// @param directory for the disks, which are gone afterwards
  /// @throws io.boxlite.api.BoxliteException if the agent cannot; the VM is to be ended then
  void run(Vm vm, Portal portal, Path directory) {
    Path layersFile = directory.resolve("rehearsal.vmdk");
    Path boxFile = directory.resolve("rehearsal.qcow2");
    List<LayersDisk.Extent> layers = LayersDisk.write(layersFile, List.of(layer()));
    disks.ensure(boxFile, BoxDisks.DEFAULT_SIZE_GIB);
    vm.attach(new VmDisk(VmDisk.Slot.LAYERS, layersFile, VmDisk.Format.VMDK));
    vm.attach(new VmDisk(VmDisk.Slot.BOX, boxFile, VmDisk.Format.QCOW2));
    portal.rehearse(layers);
    vm.detach(VmDisk.Slot.LAYERS);
    vm.detach(VmDisk.Slot.BOX);
    try {
      Files.delete(layersFile);
      Files.delete(boxFile);
    } catch (IOException e) {
      throw new StorageException(
          "rehearsal_disk", "delete the disks of a rehearsal: " + e, e, Map.of());
    }
  }

  private Path layer() {
    Path layer = layout.rehearsalLayer();
    try {
      if (!Files.exists(layer)) {
        RehearsalLayer.write(layer);
      }
    } catch (IOException e) {
      throw new StorageException(
          "rehearsal_disk",
          "write " + layer + ": " + e + "; check the disk and free space",
          e,
          Map.of("path", layer.toString()));
    }
    return layer;
  }
}
