package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.VolumeMount;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Turns volumes into JSON bodies and back.
///
/// @since 0.1
public final class VolumeMapping {
  private VolumeMapping() {}

  /// {@return the body of a volume}
  ///
  /// @param info the volume
  public static VolumeBody toBody(VolumeInfo info) {
    return new VolumeBody(
        info.id(),
        info.name().orElse(null),
        info.createdAt().toString(),
        info.sizeBytes().isPresent() ? (Long) info.sizeBytes().getAsLong() : null,
        info.directory().toString(),
        info.anonymous());
  }

  /// {@return the volume of a body}
  ///
  /// @param body what the server says
  public static VolumeInfo toInfo(VolumeBody body) {
    Long size = body.sizeBytes();
    return new VolumeInfo(
        body.id(),
        Optional.ofNullable(body.name()),
        Instant.parse(body.createdAt()),
        size == null ? OptionalLong.empty() : OptionalLong.of(size),
        Path.of(body.directory()),
        body.anonymous());
  }

  static @Nullable List<VolumeMountBody> toBodies(List<VolumeMount> volumes) {
    return volumes.isEmpty() ? null : volumes.stream().map(VolumeMapping::toBody).toList();
  }

  private static VolumeMountBody toBody(VolumeMount volume) {
    return switch (volume.source()) {
      case VolumeMount.HostPath(String path) ->
          new VolumeMountBody(path, null, volume.guestPath(), volume.readOnly());
      case VolumeMount.Managed(String idOrName) ->
          new VolumeMountBody(null, idOrName, volume.guestPath(), volume.readOnly());
      case VolumeMount.Anonymous _ ->
          new VolumeMountBody(null, null, volume.guestPath(), volume.readOnly());
    };
  }

  /// @throws ConfigException if one is not a volume
  static List<VolumeMount> toMounts(@Nullable List<VolumeMountBody> bodies) {
    return bodies == null ? List.of() : bodies.stream().map(VolumeMapping::toMount).toList();
  }

  private static VolumeMount toMount(@Nullable VolumeMountBody body) {
    if (body == null || body.guestPath() == null) {
      throw new ConfigException("invalid_volumes", "volumes must have a guest_path each");
    }
    String target = body.guestPath();
    boolean readOnly = Boolean.TRUE.equals(body.readOnly());
    String path = body.hostPath();
    String managed = body.managedVolume();
    if (path != null && managed != null) {
      throw new ConfigException(
          "invalid_volumes",
          "volume at '" + target + "' has both host_path and managed_volume; choose one");
    }
    if (path != null) {
      return VolumeMount.ofHostPath(path, target, readOnly);
    }
    return managed != null
        ? VolumeMount.ofManaged(managed, target, readOnly)
        : VolumeMount.ofAnonymous(target, readOnly);
  }
}
