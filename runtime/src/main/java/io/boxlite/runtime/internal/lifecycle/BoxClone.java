package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.util.List;
import java.util.Optional;

/// Makes one more box of what a box is now.
///
/// @param context of the runtime
/// @param lifecycle of the box
record BoxClone(BoxContext context, BoxLifecycle lifecycle) {

  /// What both boxes lie over.
  private record Cut(BoxRecord box, String kept) {}

  /// Does it.
  ///
  /// @param name of the new box
  LocalBox make(Optional<String> name) {
    lifecycle.record().options().withName(name); // a name that cannot be is refused before anything
    return context
        .kept()
        .using(() -> {
          Cut cut = lifecycle.held(box -> new Cut(box, lifecycle.cutDisk()));
          CrashPoint.reached("clone.cut");
          return context
              .newBoxes()
              .make(
                  options(cut.box(), name),
                  cut.box().state().imageId().orElseThrow(),
                  files -> {
                    context.kept().layOver(files.disk(), cut.kept());
                    CrashPoint.reached("clone.disk");
                  });
        });
  }

  private BoxOptions options(BoxRecord box, Optional<String> name) {
    List<VolumeMount> volumes = box.options().volumes().stream().map(BoxClone::fresh).toList();
    return box.options().withName(name).toBuilder()
        .volumes(volumes)
        .network(context.networks().withSecretValues(box, context.layout().box(box.id())))
        .autoRemove(false) // it would go before it was ever started
        .build();
  }

  /// What was made with the box stays its own; the other gets one of its own.
  private static VolumeMount fresh(VolumeMount volume) {
    return volume.source() instanceof VolumeMount.Anonymous
        ? VolumeMount.ofAnonymous(volume.guestPath(), volume.readOnly())
        : volume;
  }
}
