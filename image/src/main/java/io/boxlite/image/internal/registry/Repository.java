package io.boxlite.image.internal.registry;

import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;

/// One repository of a registry: OCI distribution-spec v1.1 and Docker Registry HTTP API v2.
/// Thread-safe; methods block.
///
/// All of them throw [io.boxlite.api.ImageException] when the registry has no such thing or refuses
/// it, and [io.boxlite.api.NetworkException] when it cannot be reached or does not answer properly,
/// after several tries.
public interface Repository {
  /// A manifest or an index.
  ///
  /// @param mediaType as the registry says
  /// @param content verified if it was asked for by digest, or the registry told a digest
  record Document(String mediaType, byte[] content) {}

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

  /// Fetches a manifest or an index.
  ///
  /// @param tagOrDigest what to fetch
  Document manifest(String tagOrDigest);

  /// Opens a blob from an offset on. The stream has exactly the rest of the bytes that the
  /// descriptor says. It lives through lost connections and servers that stall: it asks again for
  /// what is missing. It is not verified. Its reads throw the exceptions of this interface.
  ///
  /// @param blob what to fetch
  /// @param offset of the first byte that is wanted
  /// @param listener only told of retries
  /// @return the stream, to be closed by the caller
  InputStream blob(Descriptor blob, long offset, Listener listener);

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
