package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageCommit;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/// Makes one image of one box. Whoever calls holds the box's `lifecycle` lock.
final class BoxCommit {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private final BoxContext context;
  private final BoxBoot boot;
  private final ImageCommit commit;

  /// Checks what is wanted, before anything changes.
  ///
  /// @throws ConfigException if the name or a change is malformed
  BoxCommit(BoxContext context, BoxBoot boot, CommitOptions options) {
    this.context = context;
    this.boot = boot;
    this.commit = ImageCommit.of(options);
  }

  /// Makes the image of a box that runs, which stands still until all it has changed is here.
  ImageInfo ofRunning(BoxRecord box, Portal portal) {
    try (InputStream changes = portal.exportChanges()) {
      return context.images().commit(boot.image(box), changes, commit).info();
    } catch (IOException e) {
      throw new StorageException("image_store", "read " + box.id() + ": " + e, e, Map.of());
    }
  }

  /// Makes the image of a box that does not run: its VM is there for that long, its main command is
  /// not run, and its state is the same afterwards.
  ///
  /// @param spawned through which any thread may end the VM meanwhile
  /// @param store keeps a state of the box
  ImageInfo ofResting(BoxRecord box, SpawnedVm spawned, Consumer<BoxState> store) {
    BoxState before = box.state();
    try {
      // On the way to where it was: whoever finds it so after a crash ends the VM, no more.
      RunningBox run =
          boot.boot(
                  box, spawned, vm -> store.accept(before.running(BoxBoot.recorded(vm)).stopping()))
              .running();
      try {
        return ofRunning(box, run.portal());
      } finally {
        end(run, box);
      }
    } finally {
      restore(box, before, store);
    }
  }

  private static void end(RunningBox run, BoxRecord box) {
    try {
      run.shutDown(Duration.ZERO);
    } finally {
      run.abandon(new PortalException("box_stopped", "box " + box.id() + " has stopped"));
    }
  }

  // What went wrong before says more than that this did too.
  private static void restore(BoxRecord box, BoxState before, Consumer<BoxState> store) {
    try {
      store.accept(before);
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.ERROR, "box " + box.id() + ": its state cannot be stored", e);
    }
  }
}
