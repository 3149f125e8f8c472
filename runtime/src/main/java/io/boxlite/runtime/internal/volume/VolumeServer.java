package io.boxlite.runtime.internal.volume;

import io.boxlite.runtime.internal.vm.HelperProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The process that serves a box's volumes to its VM (docs/volumes.md).
public final class VolumeServer {
  private VolumeServer() {}

  /// A volume.
  ///
  /// @param path absolute path of a directory or regular file
  /// @param readOnly whether the guest may only read it
  /// @param owned whether it is of this home, and so this user's, whoever a box gives it to
  public record Share(String path, boolean readOnly, boolean owned) {
    private Map<String, Object> toJson() {
      return Map.of("path", path, "read_only", readOnly, "owned", owned);
    }
  }

  /// Starts it.
  ///
  /// @param program the program
  /// @param shares in the order of their numbers
  /// @param log what it says is appended here
  /// @return it, to be closed by the caller
  public static HelperProcess open(Path program, List<Share> shares, Path log) {
    return HelperProcess.open(
        "volumes", program, Map.of("volumes", shares.stream().map(Share::toJson).toList()), log);
  }
}
