package io.boxlite.api;

import java.util.List;

/// What a home takes on disk, by kind. Immutable.
///
/// @param rows one for each kind
/// @since 0.1
public record DiskUsage(List<Row> rows) {
  /// Copies the list.
  public DiskUsage {
    rows = List.copyOf(rows);
  }

  /// One kind of things.
  ///
  /// @param kind `Images`, `Boxes`, `Templates` or `Unfinished`: pulls that can be resumed
  /// @param total how many there are
  /// @param active how many of these are in use
  /// @param sizeBytes what they take, in bytes of allocated disk
  /// @param reclaimableBytes what removing those not in use would free
  public record Row(String kind, int total, int active, long sizeBytes, long reclaimableBytes) {}
}
