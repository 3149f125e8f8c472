package io.boxlite.image;

import io.boxlite.api.HealthCheck;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What an image says about how its processes are run: the OCI image configuration, checked.
/// Immutable. A text that the image does not set is empty.
///
/// @param entrypoint first words of the command
/// @param cmd default arguments, or the command when there is no entrypoint
/// @param env `KEY=value` each, in the order of the image; keys are not empty and without NUL
/// @param workingDir absolute path in the box, or empty for `/`
/// @param user `user`, `uid`, `user:group` or `uid:gid`, or empty for root
/// @param stopSignal such as `SIGTERM` or `15`, or empty
/// @param healthCheck how to find out whether a box of it works, if it says so
/// @param exposedPorts such as `80/tcp`, sorted
/// @param volumes paths in the box, sorted
/// @param labels of the image
/// @param architecture as in Go, such as `amd64`
/// @param os such as `linux`
/// @param diffIds digests of the uncompressed layers, lowest first
/// @since 0.1
public record ImageConfig(
    List<String> entrypoint,
    List<String> cmd,
    List<String> env,
    String workingDir,
    String user,
    String stopSignal,
    Optional<HealthCheck> healthCheck,
    List<String> exposedPorts,
    List<String> volumes,
    Map<String, String> labels,
    String architecture,
    String os,
    List<String> diffIds) {
  /// Copies the collections.
  public ImageConfig {
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    env = List.copyOf(env);
    exposedPorts = List.copyOf(exposedPorts);
    volumes = List.copyOf(volumes);
    labels = Map.copyOf(labels);
    diffIds = List.copyOf(diffIds);
  }
}
