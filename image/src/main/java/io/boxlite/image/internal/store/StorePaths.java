package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Digest;
import java.nio.file.Path;

/// Where everything is: an OCI image layout, and `layers/` beside it.
///
/// @param root directory of the store
record StorePaths(Path root) {
  /// Ending of the names of unfinished blobs.
  static final String PARTIAL_BLOB = ".blob";

  Path layoutFile() {
    return root.resolve("oci-layout");
  }

  Path indexFile() {
    return root.resolve("index.json");
  }

  Path blobs() {
    return root.resolve("blobs").resolve("sha256");
  }

  Path blob(Digest digest) {
    return blobs().resolve(digest.hex());
  }

  Path layers() {
    return root.resolve("layers");
  }

  Path layer(Digest diffId) {
    return layers().resolve(diffId.hex() + ".erofs");
  }

  /// What has come of a blob that is being fetched; kept when that fails.
  Path partialBlob(Digest digest) {
    return staging().resolve(digest.hex() + PARTIAL_BLOB);
  }

  /// Unfinished files.
  Path staging() {
    return root.resolve("partial");
  }
}
