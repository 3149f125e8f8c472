package io.boxlite.api;

import java.io.InputStream;
import java.util.List;

/// The images of a home. Thread-safe.
///
/// @since 0.1
public interface Images {
  /// Adds the images of an archive: an OCI image layout or a `docker save`, as a tar, plain or
  /// compressed with gzip or zstd. Nothing is added when any part is invalid.
  ///
  /// @param archive the tar; read to its end, not closed
  /// @return the images that were added, at least one
  /// @throws ImageException if it is not such an archive, or its content is invalid or hostile
  /// @throws StorageException if the store cannot be written
  List<ImageInfo> load(InputStream archive);

  /// {@return all images, sorted by reference}
  List<ImageInfo> list();
}
