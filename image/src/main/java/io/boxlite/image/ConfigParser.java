package io.boxlite.image;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.HostPlatform;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Checks an image configuration: what it holds becomes arguments and environment of processes.
final class ConfigParser {
  private ConfigParser() {}

  static ImageConfig parse(Config config) {
    Config.Process process = config.process();
    String workingDir = text(process.workingDir());
    boolean relative = !workingDir.isEmpty() && !workingDir.startsWith("/");
    return new ImageConfig(
        texts(process.entrypoint()),
        texts(process.cmd()),
        texts(process.env()).stream().map(ConfigParser::variable).toList(),
        relative ? "/" + workingDir : workingDir,
        text(process.user()),
        text(process.stopSignal()),
        keys(process.exposedPorts()),
        keys(process.volumes()),
        process.labels() == null ? Map.of() : process.labels(),
        text(config.architecture()).isEmpty()
            ? HostPlatform.ARCHITECTURE
            : text(config.architecture()),
        text(config.os()).isEmpty() ? "linux" : text(config.os()),
        config.diffIds().stream().map(Digest::toString).toList());
  }

  private static String variable(String variable) {
    if (variable.indexOf('=') < 1) {
      throw invalid("an environment variable without a name or value");
    }
    return variable;
  }

  private static List<String> keys(@Nullable Map<String, Object> map) {
    return map == null
        ? List.of()
        : map.keySet().stream().map(ConfigParser::text).sorted().toList();
  }

  private static List<String> texts(@Nullable List<String> values) {
    return values == null ? List.of() : values.stream().map(ConfigParser::text).toList();
  }

  private static String text(@Nullable String value) {
    if (value == null) {
      return "";
    }
    if (value.indexOf('\0') >= 0) {
      throw invalid("a NUL character");
    }
    return value;
  }

  private static ImageException invalid(String what) {
    return new ImageException("invalid_config", "invalid image configuration: it has " + what);
  }
}
