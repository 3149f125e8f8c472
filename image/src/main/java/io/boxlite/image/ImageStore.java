package io.boxlite.image;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.StorageException;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.store.ContentStore;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The images of a home, on disk an OCI image layout with the converted layers beside it.
///
/// Thread-safe. One process may use a directory at a time: whoever owns the home. Nothing has to be
/// closed. Methods block; work that a killed process left unfinished is removed by [#open].
///
/// @since 0.1
public final class ImageStore {
  private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{4,64})");

  private final ContentStore content;

  private ImageStore(ContentStore content) {
    this.content = content;
  }

  /// Opens the store in a directory, makes it if needed, and removes unfinished files.
  ///
  /// @param imagesDir directory of the store; its owner alone may use it
  /// @return the store
  /// @throws StorageException if the directory cannot be used or is not an image layout
  public static ImageStore open(Path imagesDir) {
    return new ImageStore(ContentStore.open(imagesDir));
  }

  /// Adds the images of an archive: an OCI image layout or a `docker save`, as a tar, plain or
  /// compressed with gzip or zstd. Of an image for several platforms that of this host is taken.
  /// Nothing is added when any part is invalid. A name that exists is moved to the new image.
  ///
  /// @param archive the tar; read to its end, not closed
  /// @return the images that were added, at least one
  /// @throws ImageException if it is not such an archive, or its content is invalid or hostile
  /// @throws StorageException if the archive cannot be read or the store cannot be written
  public List<StoredImage> load(InputStream archive) {
    return content.addArchive(archive, name -> ImageReference.parse(name).toString()).stream()
        .map(ImageStore::stored)
        .toList();
  }

  /// Adds the image of an OCI image layout directory, without a name. Its blobs are copied and
  /// verified. Of several platforms that of this host is taken.
  ///
  /// @param ociLayoutDir directory with `oci-layout`, `index.json` and `blobs`
  /// @return the image
  /// @throws ConfigException if it is not such a directory
  /// @throws ImageException if its content is invalid, has no image for this host, or has several
  /// @throws StorageException if it cannot be read or the store cannot be written
  public StoredImage importLayout(Path ociLayoutDir) {
    return stored(content.addLayout(ociLayoutDir));
  }

  /// Looks an image up by reference, by digest, or by the first hex digits of its digest (at least
  /// 4, with or without `sha256:`) if they fit one image only. A name wins over an id.
  ///
  /// @param reference as a user writes it
  /// @return the image, or empty if there is none
  /// @throws ConfigException if it is not well-formed, or the digits fit several images
  public Optional<StoredImage> find(String reference) {
    List<ContentStore.Image> images = content.images();
    return byName(images, reference).or(() -> byId(images, reference)).map(ImageStore::stored);
  }

  /// Like [#find], for an image that must be there.
  ///
  /// @param reference as a user writes it
  /// @return the image
  /// @throws NotFoundException if there is none: `image not found: …`
  /// @throws ConfigException if it is not well-formed, or the digits fit several images
  public StoredImage get(String reference) {
    return find(reference)
        .orElseThrow(
            () -> new NotFoundException("image_not_found", "image not found: " + reference));
  }

  /// {@return all images, sorted by reference}
  public List<ImageInfo> list() {
    return content.images().stream()
        .map(image -> stored(image).info())
        .sorted(Comparator.comparing(ImageInfo::reference))
        .toList();
  }

  /// Makes sure that every layer has its EROFS file. A layer is converted once, also when several
  /// threads ask for it: the others wait.
  ///
  /// @param image an image of this store
  /// @return its configuration and the files of its layers
  /// @throws ImageException if a layer is invalid or hostile; nothing of that layer is kept
  /// @throws StorageException if a blob is missing or a file cannot be written
  public PreparedImage prepare(StoredImage image) {
    List<Digest> diffIds = image.config().diffIds().stream().map(Digest::parse).toList();
    return new PreparedImage(image.config(), content.prepare(Digest.parse(image.id()), diffIds));
  }

  private static Optional<ContentStore.Image> byName(List<ContentStore.Image> images, String text) {
    if (text.startsWith("sha256:") && ID.matcher(text).matches()) {
      return Optional.empty();
    }
    ImageReference reference = ImageReference.parse(text);
    String wanted =
        reference.digest().orElseGet(reference::toString); // a digest says all; the name is a hint
    return images.stream()
        .filter(image ->
            image.reference().filter(wanted::equals).isPresent()
                || image.manifest().toString().equals(wanted))
        .findFirst();
  }

  private static Optional<ContentStore.Image> byId(List<ContentStore.Image> images, String text) {
    Matcher id = ID.matcher(text);
    if (!id.matches()) {
      return Optional.empty();
    }
    List<ContentStore.Image> found =
        images.stream().filter(image -> image.manifest().hex().startsWith(id.group(1))).toList();
    if (found.stream().map(ContentStore.Image::manifest).distinct().count() > 1) {
      throw new ConfigException(
          "ambiguous_image", "image id '" + text + "' fits several images; give more digits");
    }
    return found.stream().findFirst();
  }

  private static StoredImage stored(ContentStore.Image image) {
    return new StoredImage(
        image.reference().map(ImageReference::parse),
        image.manifest().toString(),
        ConfigParser.parse(image.config()),
        image.added(),
        image.size());
  }
}
