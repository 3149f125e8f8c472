package io.boxlite.api;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The images of a home. Thread-safe. Listeners are called from threads of the transfer, one call
/// at a time; they must not block.
///
/// @since 0.1
public interface Images {
  /// How an archive of images is laid out.
  enum ArchiveFormat {
    /// OCI image layout.
    OCI,
    /// As `docker save` writes it; it is an OCI image layout too.
    DOCKER;

    /// {@return the name in REST requests}
    public String wireName() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /// Fetches an image from its registry, also when the store has one of that name: what a name
  /// means is the registry's word. Layers that are there are not fetched again; what a failed pull
  /// had fetched of a layer is not either.
  ///
  /// @param options what to fetch, and how
  /// @param listener told of each step
  /// @return the image
  /// @throws ConfigException if the reference or the platform is malformed
  /// @throws ImageException if the registry has no such image, refuses it, or it is invalid
  /// @throws NetworkException if the registry cannot be reached or does not answer properly
  /// @throws StorageException if the store cannot be written
  PulledImage pull(PullOptions options, Consumer<TransferProgress> listener);

  /// [#pull(PullOptions, Consumer)] for this host, without listener.
  ///
  /// @param reference as a user writes it
  /// @return the image
  default PulledImage pull(String reference) {
    return pull(PullOptions.of(reference), _ -> {});
  }

  /// Sends an image to the registry of its name. Blobs that are there are not sent again.
  ///
  /// @param reference name of an image of the store
  /// @param registries how registries are reached, before what the runtime was told
  /// @param listener told of each step
  /// @return digest of the manifest
  /// @throws NotFoundException if the store has no such image
  /// @throws ImageException if the registry refuses it
  /// @throws NetworkException if the registry cannot be reached or does not answer properly
  String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener);

  /// Adds the images of an archive: an OCI image layout or a `docker save`, as a tar, plain or
  /// compressed with gzip or zstd. Nothing is added when any part is invalid.
  ///
  /// @param archive the tar; read to its end, not closed
  /// @return the images that were added, at least one
  /// @throws ImageException if it is not such an archive, or its content is invalid or hostile
  /// @throws StorageException if the store cannot be written
  List<ImageInfo> load(InputStream archive);

  /// Writes images as an archive that [#load], Docker and Podman read.
  ///
  /// @param references images of the store, at least one
  /// @param format how the archive is laid out
  /// @param archive gets a plain tar; not closed
  /// @throws NotFoundException if the store lacks one; nothing is written then
  /// @throws StorageException if the store cannot be read or `archive` not be written
  void save(List<String> references, ArchiveFormat format, OutputStream archive);

  /// {@return all images, sorted by reference}
  List<ImageInfo> list();

  /// Looks an image up by name, by digest, or by the first hex digits of its digest.
  ///
  /// @param reference as a user writes it
  /// @return the image, or empty if there is none
  /// @throws ConfigException if it is not well-formed, or the digits fit several images
  Optional<ImageInfo> get(String reference);

  /// Tells all about an image.
  ///
  /// @param reference as [#get] takes it
  /// @return the details
  /// @throws NotFoundException if there is none
  ImageDetails inspect(String reference);

  /// Gives an image one more name. A name that exists is moved to it.
  ///
  /// @param source as [#get] takes it
  /// @param target the new name; `latest` when it has no tag
  /// @return the image under its new name
  /// @throws NotFoundException if there is no such image
  /// @throws ConfigException if the new name is malformed or has a digest
  ImageInfo tag(String source, String target);

  /// Removes a name, and the image when it was its last one; given by id, the image with all its
  /// names. Blobs and layers that no other image has are deleted.
  ///
  /// @param reference as [#get] takes it
  /// @param force whether an image that boxes were made from loses its names, and one with several
  ///   names is removed by id; the files that boxes need stay until these are gone
  /// @return what was done
  /// @throws NotFoundException if there is none
  /// @throws InvalidStateException if a box was made from it, or it has several names and was given
  ///   by id, and `force` is false
  RemovedImages remove(String reference, boolean force);

  /// Removes images that no box was made from and that have no name, and what failed pulls left.
  ///
  /// @param all whether those with a name are removed too
  /// @return what was done
  RemovedImages prune(boolean all);
}
