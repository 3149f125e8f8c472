package io.boxlite.image.internal.registry;

import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;

/// One repository of a registry, to push to. Thread-safe; methods block, and throw as those of
/// [Repository] do.
public interface PushRepository {
  /// Where a blob that is pushed comes from; opened again for every try.
  @FunctionalInterface
  interface Source {
    InputStream open() throws IOException;
  }

  /// Told how many bytes of a blob have been transferred, or that the connection was lost.
  interface Listener {
    void transferred(long bytes);

    void retrying();
  }

  /// {@return whether the registry has a blob}
  ///
  /// @param digest of the blob
  boolean hasBlob(Digest digest);

  /// Sends a blob, if the registry does not have it.
  ///
  /// @param blob digest and size
  /// @param content of the blob
  /// @param listener told of what was sent
  /// @return whether it had to be sent
  boolean putBlob(Descriptor blob, Source content, Listener listener);

  /// Sends a manifest.
  ///
  /// @param tagOrDigest name that it gets
  /// @param mediaType of it
  /// @param content of it
  void putManifest(String tagOrDigest, String mediaType, byte[] content);
}
