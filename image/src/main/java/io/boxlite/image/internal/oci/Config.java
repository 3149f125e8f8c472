package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import io.boxlite.api.ImageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An image configuration: OCI image-spec `config.md`. What running and showing an image need.
@Json
public record Config(
    @Nullable String created,
    @Nullable String author,
    @Nullable String architecture,
    @Nullable String os,
    @Nullable RunConfig config,
    @Nullable RootFs rootfs,
    @Nullable List<Step> history) {

  /// How processes are run.
  @Json
  public record RunConfig(
      @Json.Property("User") @Nullable String user,
      @Json.Property("ExposedPorts") @Nullable Map<String, Object> exposedPorts,
      @Json.Property("Env") @Nullable List<String> env,
      @Json.Property("Entrypoint") @Nullable List<String> entrypoint,
      @Json.Property("Cmd") @Nullable List<String> cmd,
      @Json.Property("Volumes") @Nullable Map<String, Object> volumes,
      @Json.Property("WorkingDir") @Nullable String workingDir,
      @Json.Property("Labels") @Nullable Map<String, String> labels,
      @Json.Property("StopSignal") @Nullable String stopSignal,
      @Json.Property("Healthcheck") @Nullable HealthConfig healthcheck) {
    static final RunConfig EMPTY =
        new RunConfig(null, null, null, null, null, null, null, null, null, null);
  }

  /// HEALTHCHECK of a Dockerfile; not of OCI, but kept by all. Times in nanoseconds, 0: not said.
  @Json
  public record HealthConfig(
      @Json.Property("Test") @Nullable List<String> test,
      @Json.Property("Interval") long interval,
      @Json.Property("Timeout") long timeout,
      @Json.Property("StartPeriod") long startPeriod,
      @Json.Property("Retries") int retries) {}

  /// The layers.
  @Json
  public record RootFs(
      @Nullable String type, @Json.Property("diff_ids") @Nullable List<String> diffIds) {}

  /// A step that made the image.
  @Json
  public record Step(
      @Nullable String created,
      @Json.Property("created_by") @Nullable String createdBy,
      @Nullable String author,
      @Nullable String comment,
      @Json.Property("empty_layer") boolean emptyLayer) {}

  /// Refuses what cannot become arguments and environment of a process.
  Config checked() {
    RunConfig process = process();
    checkTexts(process.entrypoint());
    checkTexts(process.cmd());
    checkTexts(process.env());
    checkKeys(process.exposedPorts());
    checkKeys(process.volumes());
    checkKeys(process.labels());
    checkTexts(Arrays.asList(architecture, os));
    checkTexts(Arrays.asList(process.user(), process.workingDir(), process.stopSignal()));
    require(texts(process.env()).stream().noneMatch(v -> v.indexOf('=') < 1), "a bad variable");
    diffIds();
    return this;
  }

  private static void checkTexts(@Nullable List<? extends @Nullable String> values) {
    if (values != null) {
      require(values.stream().allMatch(v -> v == null || v.indexOf('\0') < 0), "a NUL character");
    }
  }

  private static void checkKeys(@Nullable Map<String, ?> values) {
    if (values != null) {
      checkTexts(List.copyOf(values.keySet()));
    }
  }

  private static void require(boolean good, String what) {
    if (!good) {
      throw new ImageException("invalid_config", "invalid image configuration: it has " + what);
    }
  }

  /// The elements that are there.
  public static List<String> texts(@Nullable List<? extends @Nullable String> values) {
    List<String> texts = new ArrayList<>();
    if (values != null) {
      for (String value : values) {
        if (value != null) {
          texts.add(value);
        }
      }
    }
    return texts;
  }

  public List<Step> steps() {
    return history == null ? List.of() : history.stream().filter(Objects::nonNull).toList();
  }

  public RunConfig process() {
    return config == null ? RunConfig.EMPTY : config;
  }

  public List<Digest> diffIds() {
    if (rootfs == null || rootfs.diffIds() == null) {
      throw new ImageException("invalid_config", "invalid image configuration: no diff ids");
    }
    return texts(rootfs.diffIds()).stream().map(Digest::parse).toList();
  }
}
