package io.boxlite.image.internal.store;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Index;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import io.boxlite.image.internal.oci.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// An image layout directory of a user: its blobs are copied and verified; it is not changed.
/// Confined to one thread; [#close] removes the copies that the store did not take.
final class LayoutDirectory implements BlobSource, AutoCloseable {
  private final Path directory;
  private final Staging staging;
  private final List<Path> copies = new ArrayList<>();

  LayoutDirectory(Path directory, Staging staging) {
    this.directory = directory;
    this.staging = staging;
    for (String name : List.of("oci-layout", "index.json", "blobs")) {
      if (!Files.exists(directory.resolve(name))) {
        throw new ConfigException(
            "invalid_layout", "not an OCI image layout: %s has no %s".formatted(directory, name));
      }
    }
  }

  NewImage find() throws IOException {
    Path file = directory.resolve("index.json");
    if (Files.size(file) > OciJson.MAX_MANIFEST) {
      throw new ImageException("too_large", file + " is too large");
    }
    Index index = OciJson.index(Files.readAllBytes(file));
    return NewImage.resolve(Optional.empty(), only(index), this);
  }

  // Several names of one image are fine; several images without platforms are not: which one?
  private Descriptor only(Index index) {
    List<Descriptor> unmarked =
        index.entries().stream()
            .filter(e -> MediaTypes.isManifest(e.type()) || MediaTypes.isIndex(e.type()))
            .filter(e -> e.platform() == null)
            .toList();
    if (unmarked.stream().map(Descriptor::checkedDigest).distinct().count() > 1) {
      throw new ImageException(
          "ambiguous_layout",
          directory + " has several images; copy the one to use into a layout of its own");
    }
    return Platform.HOST.choose(index);
  }

  @Override
  public StagedBlob get(Descriptor descriptor) throws IOException {
    Digest digest = descriptor.checkedDigest();
    Path blob = directory.resolve("blobs").resolve("sha256").resolve(digest.hex());
    if (!Files.isRegularFile(blob, LinkOption.NOFOLLOW_LINKS)) {
      throw new ImageException("invalid_layout", directory + " has no blob " + digest);
    }
    Path copy = staging.newFile();
    copies.add(copy);
    try (InputStream in = Files.newInputStream(blob)) {
      return StagedBlob.write(copy, in::read).require(descriptor);
    }
  }

  @Override
  public void close() throws IOException {
    for (Path copy : copies) {
      Files.deleteIfExists(copy);
    }
  }
}
