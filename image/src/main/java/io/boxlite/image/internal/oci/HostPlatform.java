package io.boxlite.image.internal.oci;

import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Locale;

/// The one platform whose images run here: Linux on this host's architecture.
public final class HostPlatform {
  /// The architecture as Go names it.
  public static final String ARCHITECTURE = goName(System.getProperty("os.arch"));

  private HostPlatform() {}

  private static String goName(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "x86_64", "amd64" -> "amd64";
      case "aarch64", "arm64" -> "arm64";
      default -> name;
    };
  }

  static boolean matches(String os, String architecture) {
    return os.equals("linux") && architecture.equals(ARCHITECTURE);
  }

  /// Chooses from an index. An entry without a platform may be anything, and is taken when nothing
  /// else is there.
  ///
  /// @throws ImageException `platform_not_available`, with what is there
  public static Descriptor choose(Index index) {
    List<Descriptor> entries =
        index.entries().stream()
            .filter(e -> MediaTypes.isManifest(e.type()) || MediaTypes.isIndex(e.type()))
            .toList();
    for (Descriptor entry : entries) {
      Descriptor.Platform platform = entry.platform();
      if (platform != null
          && matches(String.valueOf(platform.os()), String.valueOf(platform.architecture()))) {
        return entry;
      }
    }
    return entries.stream()
        .filter(entry -> entry.platform() == null)
        .findFirst()
        .orElseThrow(() -> notAvailable(available(entries)));
  }

  private static String available(List<Descriptor> entries) {
    List<String> platforms =
        entries.stream()
            .map(entry -> String.valueOf(entry.platform()).replaceAll("[^\\x20-\\x7e]", "?"))
            .distinct()
            .limit(30)
            .toList();
    return platforms.isEmpty() ? "none" : String.join(", ", platforms);
  }

  /// Refuses an image that says it is for another platform.
  public static void check(Config config) {
    String os = config.os() == null || config.os().isEmpty() ? "linux" : config.os();
    String architecture =
        config.architecture() == null || config.architecture().isEmpty()
            ? ARCHITECTURE
            : config.architecture();
    if (!matches(os, architecture)) {
      throw notAvailable((os + "/" + architecture).replaceAll("[^\\x20-\\x7e]", "?"));
    }
  }

  private static ImageException notAvailable(String available) {
    return new ImageException(
        "platform_not_available",
        "no image for linux/%s: available is %s".formatted(ARCHITECTURE, available));
  }
}
