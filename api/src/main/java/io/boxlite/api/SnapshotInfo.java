package io.boxlite.api;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// A snapshot of a box's disk. Immutable.
///
/// @param id ULID
/// @param boxId of its box
/// @param name unique in its box
/// @param createdAt when it was made
/// @param diskBytes size of the disk as the box sees it
/// @param sizeBytes what was written to the disk since the snapshot before, on the host's disk
/// @since 0.1
public record SnapshotInfo(
    String id, String boxId, String name, Instant createdAt, long diskBytes, long sizeBytes) {
  private static final int MAX_NAME_BYTES = 255;

  /// {@return whether a snapshot may be called so: 1 to 255 bytes, not beginning with `.`, without
  /// `/`, `\`, `%` (paths of URLs cannot carry them) and control characters}
  ///
  /// @param name any text
  public static boolean isName(String name) {
    return !name.isEmpty()
        && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES
        && name.charAt(0) != '.'
        && name.chars()
            .noneMatch(c -> c == '/' || c == '\\' || c == '%' || Character.isISOControl(c));
  }
}
