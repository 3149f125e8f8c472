package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import io.boxlite.image.internal.registry.Repository;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Manifests, indexes and configurations of a repository; what the store has is not fetched.
/// Confined to one thread; [#close] removes what the store did not take.
final class RegistryDocuments implements BlobSource, AutoCloseable {
  private final Repository repository;
  private final BlobStore blobs;
  private final Staging staging;
  private final Map<Digest, StagedBlob> fetched = new HashMap<>();
  private final List<Path> files = new ArrayList<>();

  RegistryDocuments(Repository repository, BlobStore blobs, Staging staging) {
    this.repository = repository;
    this.blobs = blobs;
    this.staging = staging;
  }

  /// Fetches what a tag or digest means now.
  Descriptor top(String tagOrDigest) throws IOException {
    Repository.Document document = repository.manifest(tagOrDigest);
    StagedBlob blob = stage(new ByteArrayInputStream(document.content()));
    return Descriptor.of(document.mediaType(), blob.digest(), blob.size());
  }

  /// {@return whether anything was fetched that the store did not have}
  boolean fetchedNew() {
    return fetched.keySet().stream().anyMatch(digest -> !blobs.has(digest));
  }

  @Override
  public StagedBlob get(Descriptor descriptor) throws IOException {
    Digest digest = descriptor.checkedDigest();
    StagedBlob blob = fetched.get(digest);
    if (blob != null) {
      return blob.require(descriptor);
    }
    if (descriptor.size() > OciJson.MAX_CONFIG) {
      throw new ImageException(
          "too_large",
          "document %s has %d bytes, limit %d"
              .formatted(digest, descriptor.size(), OciJson.MAX_CONFIG));
    }
    if (blobs.has(digest)) {
      return stage(new ByteArrayInputStream(blobs.read(digest, OciJson.MAX_CONFIG)))
          .require(descriptor);
    }
    try (InputStream content = open(descriptor, digest)) {
      return stage(content).require(descriptor);
    }
  }

  private InputStream open(Descriptor descriptor, Digest digest) {
    return MediaTypes.isManifest(descriptor.type()) || MediaTypes.isIndex(descriptor.type())
        ? new ByteArrayInputStream(repository.manifest(digest.toString()).content())
        : repository.blob(descriptor, 0, () -> {});
  }

  private StagedBlob stage(InputStream content) throws IOException {
    Path file = staging.newFile();
    files.add(file);
    StagedBlob blob = StagedBlob.write(file, content::read);
    fetched.put(blob.digest(), blob);
    return blob;
  }

  @Override
  public void close() throws IOException {
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }
}
