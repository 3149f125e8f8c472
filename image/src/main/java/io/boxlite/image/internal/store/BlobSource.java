package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Descriptor;
import java.io.IOException;

/// Where the blobs of images that are being added come from: an archive or a directory now, a
/// registry later.
interface BlobSource {
  /// Gets a blob whose digest and size are those of its descriptor. It may be moved into the store.
  ///
  /// @throws io.boxlite.api.ImageException if it is not there or is something else
  StagedBlob get(Descriptor descriptor) throws IOException;
}
