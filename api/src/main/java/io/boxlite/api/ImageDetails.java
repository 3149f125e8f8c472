package io.boxlite.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All about one image. Immutable.
///
/// @param image what lists show
/// @param references all names that it has, sorted
/// @param configDigest digest of its configuration, which is what Docker calls the image id
/// @param mediaType of its manifest
/// @param os such as `linux`
/// @param architecture as in Go, such as `amd64`
/// @param created when it was made, as it says itself
/// @param author as it says itself, or empty
/// @param config how its processes are run
/// @param layers lowest first
/// @param history what made it, oldest first
/// @since 0.1
public record ImageDetails(
    ImageInfo image,
    List<String> references,
    String configDigest,
    String mediaType,
    String os,
    String architecture,
    Optional<Instant> created,
    String author,
    ProcessConfig config,
    List<Layer> layers,
    List<History> history) {
  /// Copies the lists.
  public ImageDetails {
    references = List.copyOf(references);
    layers = List.copyOf(layers);
    history = List.copyOf(history);
  }

  /// How processes of the image are run. A text that is not set is empty.
  ///
  /// @param user name or id, with a group if set
  /// @param workingDir absolute path
  /// @param entrypoint first words of the command
  /// @param cmd its default arguments
  /// @param env `KEY=value` each
  /// @param exposedPorts such as `80/tcp`, sorted
  /// @param volumes paths, sorted
  /// @param labels of the image
  /// @param stopSignal such as `SIGTERM`
  public record ProcessConfig(
      String user,
      String workingDir,
      List<String> entrypoint,
      List<String> cmd,
      List<String> env,
      List<String> exposedPorts,
      List<String> volumes,
      Map<String, String> labels,
      String stopSignal) {
    /// Copies the collections.
    public ProcessConfig {
      entrypoint = List.copyOf(entrypoint);
      cmd = List.copyOf(cmd);
      env = List.copyOf(env);
      exposedPorts = List.copyOf(exposedPorts);
      volumes = List.copyOf(volumes);
      labels = Map.copyOf(labels);
    }
  }

  /// A layer.
  ///
  /// @param digest of the blob, as registries have it
  /// @param diffId of the uncompressed archive
  /// @param mediaType of the blob
  /// @param sizeBytes of the blob
  public record Layer(String digest, String diffId, String mediaType, long sizeBytes) {}

  /// A step that made the image. A text that is not set is empty.
  ///
  /// @param created when
  /// @param createdBy the command
  /// @param author who
  /// @param comment of the author
  /// @param emptyLayer whether it made no layer
  public record History(
      Optional<Instant> created,
      String createdBy,
      String author,
      String comment,
      boolean emptyLayer) {}
}
