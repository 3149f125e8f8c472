package io.boxlite.image;

import io.boxlite.api.ConfigException;
import java.util.Map;

/// What one layer of an image may have. A layer beyond any of these is refused as `too_large`.
/// Immutable.
///
/// @param entries of the archive; `BOXLITE_IMAGE_MAX_ENTRIES`, default 250,000
/// @param uncompressedBytes of the archive; `BOXLITE_IMAGE_MAX_UNCOMPRESSED_BYTES`, default 64 GiB
/// @param imageBytes of its files, holes included; `BOXLITE_IMAGE_MAX_FILE_BYTES`, default 1 TiB
/// @param ratio uncompressed bytes for each compressed one, beyond the first 64 MiB;
///   `BOXLITE_IMAGE_MAX_RATIO`, default 1100
/// @param pathDepth names of a path; `BOXLITE_IMAGE_MAX_PATH_DEPTH`, default 256
/// @param nameBytes of one name; `BOXLITE_IMAGE_MAX_NAME_BYTES`, default and at most 255
/// @since 0.1
public record ImageLimits(
    int entries,
    long uncompressedBytes,
    long imageBytes,
    long ratio,
    int pathDepth,
    int nameBytes) {
  /// What holds unless the environment says otherwise.
  public static final ImageLimits DEFAULT =
      new ImageLimits(250_000, 64L << 30, 1L << 40, 1100, 256, 255);

  /// Reads them from environment variables.
  ///
  /// @param environment the variables
  /// @return the limits
  /// @throws ConfigException if one is no positive number or too large; names it
  public static ImageLimits ofEnvironment(Map<String, String> environment) {
    return new ImageLimits(
        (int) read(environment, "ENTRIES", DEFAULT.entries, Integer.MAX_VALUE),
        read(environment, "UNCOMPRESSED_BYTES", DEFAULT.uncompressedBytes, Long.MAX_VALUE),
        read(environment, "FILE_BYTES", DEFAULT.imageBytes, DEFAULT.imageBytes),
        read(environment, "RATIO", DEFAULT.ratio, Long.MAX_VALUE),
        (int) read(environment, "PATH_DEPTH", DEFAULT.pathDepth, 2048),
        (int) read(environment, "NAME_BYTES", DEFAULT.nameBytes, DEFAULT.nameBytes));
  }

  private static long read(
      Map<String, String> environment, String name, long byDefault, long maximum) {
    String variable = "BOXLITE_IMAGE_MAX_" + name;
    String text = environment.getOrDefault(variable, "");
    if (text.isEmpty()) {
      return byDefault;
    }
    try {
      long value = Long.parseLong(text);
      if (value >= 1 && value <= maximum) {
        return value;
      }
    } catch (NumberFormatException _) {
      // Falls through to the one message.
    }
    throw new ConfigException(
        "invalid_image_limit",
        variable + " '" + text + "' must be a number between 1 and " + maximum);
  }
}
