package io.boxlite.image;

import io.boxlite.api.ConfigException;
import io.boxlite.api.HealthCheck;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Platform;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Gives a checked image configuration the form of the API: with defaults instead of gaps.
final class ConfigParser {
  private ConfigParser() {}

  static ImageConfig parse(Config config) {
    Config.RunConfig process = config.process();
    String workingDir = text(process.workingDir(), "");
    boolean relative = !workingDir.isEmpty() && !workingDir.startsWith("/");
    return new ImageConfig(
        Config.texts(process.entrypoint()),
        Config.texts(process.cmd()),
        Config.texts(process.env()),
        relative ? "/" + workingDir : workingDir,
        text(process.user(), ""),
        text(process.stopSignal(), ""),
        healthCheck(process.healthcheck()),
        keys(process.exposedPorts()),
        keys(process.volumes()),
        labels(process.labels()),
        text(config.architecture(), Platform.HOST.architecture()),
        text(config.os(), "linux"),
        config.diffIds().stream().map(Digest::toString).toList());
  }

  /// One that cannot be is as if there were none: the image can be run all the same.
  private static Optional<HealthCheck> healthCheck(Config.@Nullable HealthConfig said) {
    if (said == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new HealthCheck(
              Config.texts(said.test()),
              time(said.interval()),
              time(said.timeout()),
              time(said.startPeriod()),
              said.retries() == 0 ? Optional.empty() : Optional.of(said.retries())));
    } catch (ConfigException e) {
      return Optional.empty();
    }
  }

  private static Optional<Duration> time(long nanos) {
    return nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
  }

  private static List<String> keys(@Nullable Map<String, Object> map) {
    return map == null ? List.of() : map.keySet().stream().sorted().toList();
  }

  private static Map<String, String> labels(@Nullable Map<String, ? extends @Nullable String> map) {
    Map<String, String> labels = new TreeMap<>();
    if (map != null) {
      map.forEach((key, value) -> labels.put(key, text(value, "")));
    }
    return labels;
  }

  private static String text(@Nullable String value, String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
