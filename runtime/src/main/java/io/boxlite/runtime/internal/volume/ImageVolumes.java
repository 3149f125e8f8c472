package io.boxlite.runtime.internal.volume;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.VolumeMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The volumes that an image asks for: a box made from it has one of its own at each path where its
/// user mounts nothing.
public final class ImageVolumes {
  private ImageVolumes() {}

  /// Adds them. A path where no volume may be, in /proc say, is passed over.
  ///
  /// @param options of a box
  /// @param paths that the image names; anything may be in them
  /// @return the options with volumes that are to be made with the box
  public static BoxOptions add(BoxOptions options, List<String> paths) {
    BoxOptions all = options;
    for (String path : paths) {
      try {
        all = with(all, VolumeMount.ofAnonymous(path, false));
      } catch (ConfigException _) {
        // The user's mount is there, or none may be.
      }
    }
    return all;
  }

  /// They are mounted in their order: what is below another must come after it.
  private static BoxOptions with(BoxOptions options, VolumeMount added) {
    List<VolumeMount> volumes = options.volumes();
    List<VolumeMount> all = new ArrayList<>(volumes);
    int at = 0;
    for (int i = 0; i < volumes.size(); i++) {
      if (plain(added).startsWith(plain(volumes.get(i)))) {
        at = i + 1;
      }
    }
    all.add(at, added);
    return options.toBuilder().volumes(all).build();
  }

  private static Path plain(VolumeMount volume) {
    return Path.of("/" + volume.guestPath().replace('\0', '?')).normalize();
  }
}
