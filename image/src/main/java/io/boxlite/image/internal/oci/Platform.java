package io.boxlite.image.internal.oci;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// What an image is made for, as Go names it.
///
/// @param os always `linux`: nothing else runs in a box
/// @param architecture such as `amd64`
/// @param variant such as `v8`, or empty for any
public record Platform(String os, String architecture, String variant) {
  /// This host.
  public static final Platform HOST =
      new Platform("linux", goName(System.getProperty("os.arch")), "");

  private static final Pattern PART = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,31}");

  /// Reads `os/architecture` or `os/architecture/variant`.
  ///
  /// @throws ConfigException if it is malformed, or not of Linux
  public static Platform parse(String text) {
    String[] parts = text.toLowerCase(Locale.ROOT).split("/", -1);
    if (parts.length < 2 || parts.length > 3 || !allMatch(parts) || !parts[0].equals("linux")) {
      throw new ConfigException(
          "invalid_platform",
          "platform '%s' must be linux/ARCHITECTURE or linux/ARCHITECTURE/VARIANT, such as %s"
              .formatted(text, HOST));
    }
    return new Platform(parts[0], goName(parts[1]), parts.length == 3 ? parts[2] : "");
  }

  private static boolean allMatch(String... parts) {
    return List.of(parts).stream().allMatch(part -> PART.matcher(part).matches());
  }

  private static String goName(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "x86_64", "amd64" -> "amd64";
      case "aarch64", "arm64" -> "arm64";
      default -> name;
    };
  }

  private boolean matches(String otherOs, String otherArchitecture) {
    return os.equals(otherOs) && architecture.equals(goName(otherArchitecture));
  }

  private boolean matches(Descriptor.Platform other) {
    String otherVariant = other.variant() == null ? "" : other.variant();
    return matches(String.valueOf(other.os()), String.valueOf(other.architecture()))
        && (variant.isEmpty() || otherVariant.isEmpty() || variant.equals(otherVariant));
  }

  /// Chooses from an index. An entry without a platform may be anything, and is taken when nothing
  /// else is there. Of several variants the first without one is taken: it runs on every host.
  ///
  /// @throws ImageException `platform_not_available`, with what is there
  public Descriptor choose(Index index) {
    List<Descriptor> entries =
        index.entries().stream()
            .filter(e -> MediaTypes.isManifest(e.type()) || MediaTypes.isIndex(e.type()))
            .toList();
    return first(entries, true)
        .or(() -> first(entries, false))
        .or(() -> entries.stream().filter(entry -> entry.platform() == null).findFirst())
        .orElseThrow(() -> notAvailable(available(entries)));
  }

  private Optional<Descriptor> first(List<Descriptor> entries, boolean exact) {
    for (Descriptor entry : entries) {
      Descriptor.Platform platform = entry.platform();
      if (platform != null && matches(platform)) {
        String found = platform.variant() == null ? "" : platform.variant();
        if (!exact || found.equals(variant)) {
          return Optional.of(entry);
        }
      }
    }
    return Optional.empty();
  }

  private static String available(List<Descriptor> entries) {
    List<String> platforms =
        entries.stream()
            .map(entry -> printable(String.valueOf(entry.platform())))
            .distinct()
            .limit(30)
            .toList();
    return platforms.isEmpty() ? "none" : String.join(", ", platforms);
  }

  /// Refuses an image that says it is for another platform.
  ///
  /// @param otherOs of the image, or empty
  /// @param otherArchitecture of the image, or empty
  public void check(String otherOs, String otherArchitecture) {
    if (!matches(
        otherOs.isEmpty() ? os : otherOs,
        otherArchitecture.isEmpty() ? architecture : otherArchitecture)) {
      throw notAvailable(printable(otherOs + "/" + otherArchitecture));
    }
  }

  private ImageException notAvailable(String available) {
    return new ImageException(
        "platform_not_available", "no image for %s: available is %s".formatted(this, available));
  }

  private static String printable(String text) {
    return text.replaceAll("[^\\x20-\\x7e]", "?");
  }

  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }
}
