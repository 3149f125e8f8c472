package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An image configuration: OCI image-spec `config.md`. Only what running an image needs.
@Json
public record Config(
    @Nullable String architecture,
    @Nullable String os,
    @Nullable Process config,
    @Nullable RootFs rootfs) {

  /// How processes are run.
  @Json
  public record Process(
      @Json.Property("User") @Nullable String user,
      @Json.Property("ExposedPorts") @Nullable Map<String, Object> exposedPorts,
      @Json.Property("Env") @Nullable List<String> env,
      @Json.Property("Entrypoint") @Nullable List<String> entrypoint,
      @Json.Property("Cmd") @Nullable List<String> cmd,
      @Json.Property("Volumes") @Nullable Map<String, Object> volumes,
      @Json.Property("WorkingDir") @Nullable String workingDir,
      @Json.Property("Labels") @Nullable Map<String, String> labels,
      @Json.Property("StopSignal") @Nullable String stopSignal) {
    static final Process EMPTY = new Process(null, null, null, null, null, null, null, null, null);
  }

  /// The layers.
  @Json
  public record RootFs(
      @Nullable String type, @Json.Property("diff_ids") @Nullable List<String> diffIds) {}

  public Process process() {
    return config == null ? Process.EMPTY : config;
  }

  public List<Digest> diffIds() {
    if (rootfs == null || rootfs.diffIds() == null) {
      throw new ImageException("invalid_config", "invalid image configuration: no diff ids");
    }
    return rootfs.diffIds().stream().map(Digest::parse).toList();
  }
}
