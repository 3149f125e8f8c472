package io.boxlite.api;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// A volume that the home keeps. Immutable.
///
/// @param id a ULID, 26 characters
/// @param name unique name, if it has one; a box's own volume has none
/// @param createdAt when it was made
/// @param sizeBytes what it takes on disk, in bytes; empty if part of it cannot be read
/// @param directory where its content is, on the supervisor's host
/// @param anonymous whether it was made with a box
/// @since 0.1
public record VolumeInfo(
    String id,
    Optional<String> name,
    Instant createdAt,
    OptionalLong sizeBytes,
    Path directory,
    boolean anonymous) {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}");

  /// {@return whether a volume may be called so}
  ///
  /// @param name any text
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
