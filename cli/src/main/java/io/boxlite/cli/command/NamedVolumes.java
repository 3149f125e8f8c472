package io.boxlite.cli.command;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.Volumes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Makes boxes, and the volumes that `--volume` names and that are not there.
final class NamedVolumes {
  private NamedVolumes() {}

  /// Makes a box. Its volumes are made only when nothing else is wrong, and go again when it cannot
  /// be made all the same.
  static Box create(BoxOptions options, Boxlite boxlite) {
    try {
      return boxlite.create(options);
    } catch (NotFoundException e) {
      if (!e.reason().equals("volume_not_found")) {
        throw e;
      }
    }
    List<String> made = new ArrayList<>();
    try {
      options.volumes().stream()
          .map(VolumeMount::source)
          .forEach(source -> {
            if (source instanceof VolumeMount.Managed(String name)
                && makeIfMissing(name, boxlite.volumes())) {
              made.add(name);
            }
          });
      return boxlite.create(options);
    } catch (BoxliteException e) {
      for (String name : made) {
        try {
          boxlite.volumes().remove(name, true);
        } catch (BoxliteException again) {
          e.addSuppressed(again); // another box has it by now
        }
      }
      throw e;
    }
  }

  private static boolean makeIfMissing(String name, Volumes volumes) {
    if (volumes.get(name).isPresent()) {
      return false;
    }
    try {
      var _ = volumes.create(Optional.of(name));
      return true;
    } catch (AlreadyExistsException _) {
      return false; // somebody else was faster, which is as well
    }
  }
}
