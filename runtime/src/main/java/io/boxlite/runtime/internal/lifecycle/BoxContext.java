package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.ImageException;
import io.boxlite.image.ImageStore;
import io.boxlite.image.StoredImage;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.KeptDisks;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.network.BoxNetworks;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxStore;
import io.boxlite.runtime.internal.vm.VmSource;
import io.boxlite.runtime.internal.volume.LocalVolumes;
import io.boxlite.vmm.VmmDriver;
import java.util.function.Consumer;

/// What every box of a runtime works with.
///
/// @param options of the runtime
/// @param layout of the home
/// @param store what is known about boxes, on disk
/// @param images the image store
/// @param volumes of the home
/// @param networks of its boxes
/// @param disks makes box disks
/// @param kept disks that never change again
/// @param driver takes VMs over and ends them
/// @param vms gives boxes their VMs
/// @param counters of the runtime
/// @param timing of restarts and health checks
/// @param newBoxes makes boxes of others
/// @param onRemoved told the id of a box that has been removed
public record BoxContext(
    RuntimeOptions options,
    HomeLayout layout,
    BoxStore store,
    ImageStore images,
    LocalVolumes volumes,
    BoxNetworks networks,
    BoxDisks disks,
    KeptDisks kept,
    VmmDriver driver,
    VmSource vms,
    Counters counters,
    Timing timing,
    NewBoxes newBoxes,
    Consumer<String> onRemoved) {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// {@return the image that a box is made from}
  ///
  /// @param box its record
  StoredImage image(BoxRecord box) {
    String id = box.state().imageId().orElseThrow();
    return images
        .find(id)
        .orElseThrow(() ->
            new ImageException(
                "image_lost",
                "image "
                    + id
                    + " that box "
                    + box.id()
                    + " was made from is no longer in the store; load it again"));
  }

  /// Does something on a thread of its own; a failure is logged.
  ///
  /// @param id of the box that it is for
  /// @param what names it
  /// @param work what to do
  void inBackground(String id, String what, Runnable work) {
    Thread.ofVirtual()
        .name(what + "-" + id)
        .start(() -> {
          try {
            work.run();
          } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "box " + id + ", " + what, e);
          }
        });
  }
}
