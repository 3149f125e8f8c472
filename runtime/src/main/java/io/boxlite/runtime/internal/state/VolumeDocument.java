package io.boxlite.runtime.internal.state;

import io.avaje.jsonb.Json;
import io.boxlite.api.VolumeMount;
import org.jspecify.annotations.Nullable;

/// A volume in the document of a box: of one of the first three.
@Json(naming = Json.Naming.LowerUnderscore)
record VolumeDocument(
    @Nullable String hostPath,
    @Nullable String managedVolume,
    @Nullable String anonymous,
    String guestPath,
    boolean readOnly) {

  static VolumeDocument of(VolumeMount volume) {
    String target = volume.guestPath();
    return switch (volume.source()) {
      case VolumeMount.HostPath(String path) ->
          new VolumeDocument(path, null, null, target, volume.readOnly());
      case VolumeMount.Managed(String id) ->
          new VolumeDocument(null, id, null, target, volume.readOnly());
      case VolumeMount.Anonymous(String id) ->
          new VolumeDocument(null, null, id, target, volume.readOnly());
    };
  }

  VolumeMount toMount() {
    VolumeMount.Source source;
    if (hostPath != null) {
      source = new VolumeMount.HostPath(hostPath);
    } else if (managedVolume != null) {
      source = new VolumeMount.Managed(managedVolume);
    } else {
      source = new VolumeMount.Anonymous(anonymous == null ? "" : anonymous);
    }
    return new VolumeMount(source, guestPath, readOnly);
  }
}
