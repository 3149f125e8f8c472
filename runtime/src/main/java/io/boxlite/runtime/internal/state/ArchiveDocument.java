package io.boxlite.runtime.internal.state;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// The `manifest.json` of an archive. Its fields are those that archives of boxes are known to
/// have, and two of our own: `layout`, which says what the disk is, and `image_id`.
@Json(naming = Json.Naming.LowerUnderscore)
record ArchiveDocument(
    int version,
    @Nullable String layout,
    @Nullable String boxName,
    @Nullable String image,
    @Nullable String imageId,
    @Nullable BoxDocument boxOptions,
    @Nullable String guestDiskChecksum,
    @Nullable String containerDiskChecksum,
    @Nullable String exportedAt) {

  /// What decides whether the rest can be read.
  @Json(naming = Json.Naming.LowerUnderscore)
  record Head(int version, @Nullable String layout) {}
}
