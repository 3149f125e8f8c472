package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Digest;
import java.nio.file.Path;

/// Where everything is: an OCI image layout, and `layers/` beside it.
///
/// @param root directory of the store
record StorePaths(Path root) {
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

  /// Unfinished files, where the directory for temporary files cannot be used.
  Path staging() {
    return root.resolve("partial");
  }
}
