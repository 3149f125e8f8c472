package io.boxlite.image.internal.registry;

import io.boxlite.image.internal.oci.Descriptor;
import java.io.InputStream;

/// One repository of a registry, to pull from: OCI distribution-spec v1.1 and Docker Registry HTTP
/// API v2. Thread-safe; methods block.
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
  /// @param retrying called whenever the connection was lost
  /// @return the stream, to be closed by the caller
  InputStream blob(Descriptor blob, long offset, Runnable retrying);
}
