package io.boxlite.cli.command;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.RegistryMapping;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the file of `--config`. No message shows what it says, except names of keys.
final class ConfigFile {
  private static final int MAX_BYTES = 1024 * 1024;
  private static final Set<String> KEYS = Set.of("home_dir", "image_registries");

  private ConfigFile() {}

  static Configuration read(Path file) {
    byte[] json = bytes(file);
    try {
      return configuration(JsonCodec.readTree(json), file.toAbsolutePath());
    } catch (ConfigException e) {
      throw CliException.failure("Failed to parse config file " + file + ": " + e.getMessage());
    }
  }

  private static byte[] bytes(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw CliException.failure(
            "Failed to parse config file " + file + ": longer than " + MAX_BYTES + " bytes");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw CliException.failure("Configuration file not found: " + file);
    } catch (IOException e) {
      throw CliException.failure("Failed to read config file " + file + ": " + e.getMessage());
    }
  }

  private static Configuration configuration(Object tree, Path file) {
    if (!(tree instanceof Map<?, ?> fields)) {
      throw invalid("must be an object");
    }
    for (Object key : fields.keySet()) {
      if (!KEYS.contains(String.valueOf(key))) {
        throw invalid(key + " is not known");
      }
    }
    Optional<String> home =
        switch (fields.get("home_dir")) {
          case null -> Optional.empty();
          case String path -> Optional.of(path);
          default -> throw invalid("home_dir must be a text");
        };
    List<ImageRegistry> registries =
        RegistryMapping.toRegistries("image_registries", fields.get("image_registries"));
    return new Configuration(home, registries.stream().map(r -> located(r, file)).toList());
  }

  /// A certificate file is named from where the configuration file is: the supervisor that reads it
  /// runs in another directory.
  private static ImageRegistry located(ImageRegistry registry, Path file) {
    return new ImageRegistry(
        registry.host(),
        registry.plainHttp(),
        registry.skipVerify(),
        registry.search(),
        registry.credentials(),
        registry.caFile().map(ca -> file.resolveSibling(ca).normalize().toString()),
        registry.mirrors());
  }

  private static ConfigException invalid(String problem) {
    return new ConfigException("invalid_config_file", problem);
  }
}
