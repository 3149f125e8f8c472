package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All about one image. Dates are RFC 3339. Immutable.
///
/// @param image what lists show
/// @param references all its names
/// @param configDigest digest of its configuration
/// @param mediaType of its manifest
/// @param os such as `linux`
/// @param architecture such as `amd64`
/// @param created when it was made
/// @param author who made it
/// @param config how its processes are run
/// @param layers lowest first
/// @param history oldest first
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ImageDetailsBody(
    @Nullable ImageBody image,
    @Nullable List<String> references,
    @Nullable String configDigest,
    @Nullable String mediaType,
    @Nullable String os,
    @Nullable String architecture,
    @Nullable String created,
    @Nullable String author,
    @Nullable Config config,
    @Nullable List<Layer> layers,
    @Nullable List<History> history) {
  /// How processes of the image are run.
  ///
  /// @param user name or id
  /// @param workingDir absolute path
  /// @param entrypoint first words of the command
  /// @param cmd its default arguments
  /// @param env `KEY=value` each
  /// @param exposedPorts such as `80/tcp`
  /// @param volumes paths
  /// @param labels of the image
  /// @param stopSignal such as `SIGTERM`
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Config(
      @Nullable String user,
      @Nullable String workingDir,
      @Nullable List<String> entrypoint,
      @Nullable List<String> cmd,
      @Nullable List<String> env,
      @Nullable List<String> exposedPorts,
      @Nullable List<String> volumes,
      @Nullable Map<String, String> labels,
      @Nullable String stopSignal) {}

  /// A layer.
  ///
  /// @param digest of the blob
  /// @param diffId of the uncompressed archive
  /// @param mediaType of the blob
  /// @param sizeBytes of the blob
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Layer(
      @Nullable String digest,
      @Nullable String diffId,
      @Nullable String mediaType,
      long sizeBytes) {}

  /// A step that made the image.
  ///
  /// @param created when
  /// @param createdBy the command
  /// @param author who
  /// @param comment of the author
  /// @param emptyLayer whether it made no layer
  /// @since 0.1
  @Json(naming = Json.Naming.LowerUnderscore)
  public record History(
      @Nullable String created,
      @Nullable String createdBy,
      @Nullable String author,
      @Nullable String comment,
      boolean emptyLayer) {}
}
