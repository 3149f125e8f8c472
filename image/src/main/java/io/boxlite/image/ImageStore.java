package io.boxlite.image;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Platform;
import io.boxlite.image.internal.registry.Registries;
import io.boxlite.image.internal.store.ContentStore;
import io.boxlite.image.internal.store.ImageCatalog;
import io.boxlite.image.internal.store.TransferListener;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The images of a home, on disk an OCI image layout with the converted layers beside it.
///
/// Thread-safe. One process may use a directory at a time: whoever owns the home. Methods block;
/// work that a killed process left unfinished is removed by [#open], but for blobs that the next
/// pull of them goes on with.
///
/// @since 0.1
public final class ImageStore implements AutoCloseable {
  private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{4,64})");

  // The guest agent mounts no more: with its upper directory that is what overlayfs takes.
  private static final int MAX_MOUNTED_LAYERS = 127;

  private final ContentStore content;
  private final Registries registries;

  private ImageStore(ContentStore content, Registries registries) {
    this.content = content;
    this.registries = registries;
  }

  /// Opens the store in a directory, makes it if needed, and removes unfinished files.
  ///
  /// @param options where and how
  /// @return the store, to be closed by the caller
  /// @throws StorageException if the directory cannot be used or is not an image layout
  public static ImageStore open(ImageStoreOptions options) {
    return new ImageStore(
        ContentStore.open(options.directory(), options.database(), options.limits()),
        new Registries(options.environment(), options.registries()));
  }

  /// Fetches an image from a registry, as [Images#pull(PullOptions, Consumer)] says.
  ///
  /// @param options what to fetch, and how
  /// @param listener told of each step, one call at a time
  /// @return the image
  /// @throws ConfigException if the reference or the platform is malformed
  /// @throws ImageException if no registry has such an image, or it is invalid or hostile
  /// @throws NetworkException if a registry cannot be reached or does not answer properly
  /// @throws StorageException if the store cannot be written
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    Platform platform = options.platform().map(Platform::parse).orElse(Platform.HOST);
    List<ImageReference> names = registries.candidates(options.reference(), options.registries());
    List<BoxliteException> failures = new ArrayList<>();
    for (ImageReference name : names) {
      try {
        return pull(name, options, platform, listener);
      } catch (ImageException | NetworkException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        failures.add(e);
      }
    }
    throw failures.size() == 1 ? failures.getFirst() : notFound(options.reference(), failures);
  }

  private PulledImage pull(
      ImageReference name,
      PullOptions options,
      Platform platform,
      Consumer<TransferProgress> listener) {
    ContentStore.Pulled pulled =
        content.pull(
            name.toString(),
            name.digest().or(name::tag).orElseThrow(),
            registries.pull(name, options.registries()),
            platform,
            new TransferListener(listener));
    ImageCatalog.Entry entry = content.catalogued(pulled.image().digest());
    return new PulledImage(
        info(pulled.image()), entry.config().toString(), entry.layers().size(), pulled.fetched());
  }

  /// Sends an image to the registry of its name, as [Images#push] says.
  ///
  /// @param reference name of an image of the store
  /// @param first how registries are reached, before what the options of the store say
  /// @param listener told of each step, one call at a time
  /// @return digest of the manifest
  /// @throws NotFoundException if there is no such image
  /// @throws ConfigException if it was not given by a name with a tag
  public String push(
      String reference, List<ImageRegistry> first, Consumer<TransferProgress> listener) {
    ContentStore.Image image = required(reference);
    ImageReference name = ImageReference.parse(reference);
    if (!image.reference().equals(Optional.of(name.toString())) || name.tag().isEmpty()) {
      throw new ConfigException(
          "invalid_reference",
          "image '" + reference + "' must be given by a name with a tag; 'boxlite tag' gives one");
    }
    content.push(
        image, name.tag().get(), registries.push(name, first), new TransferListener(listener));
    return image.digest().toString();
  }

  private static BoxliteException notFound(String text, List<BoxliteException> failures) {
    String all = failures.stream().map(Throwable::getMessage).collect(Collectors.joining("; "));
    String message = "no registry gives image '" + text + "': " + all;
    BoxliteException e =
        failures.stream().allMatch(NetworkException.class::isInstance)
            ? new NetworkException("registry_unreachable", message)
            : new ImageException("image_not_found", message);
    failures.forEach(e::addSuppressed);
    return e;
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
        .map(this::stored)
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
    return named(reference).map(this::stored);
  }

  /// {@return whether there is an image}
  ///
  /// @param id digest of its manifest
  public boolean has(String id) {
    return content.images().stream().anyMatch(image -> image.digest().toString().equals(id));
  }

  private Optional<ContentStore.Image> named(String reference) {
    List<ContentStore.Image> images = content.images();
    return byName(images, reference)
        .or(() -> byId(images, reference))
        .or(() -> searched(images, reference));
  }

  /// Like [#find], for an image that must be there.
  ///
  /// @param reference as a user writes it
  /// @return the image
  /// @throws NotFoundException if there is none: `image not found: …`
  /// @throws ConfigException if it is not well-formed, or the digits fit several images
  public StoredImage get(String reference) {
    return stored(required(reference));
  }

  private ContentStore.Image required(String reference) {
    return named(reference).orElseThrow(() -> notThere(reference));
  }

  private static NotFoundException notThere(String reference) {
    return new NotFoundException("image_not_found", "image not found: " + reference);
  }

  /// {@return all images, sorted by reference}
  public List<ImageInfo> list() {
    return content.images().stream()
        .map(this::info)
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
    return new PreparedImage(image.config(), content.prepare(Digest.parse(image.id())));
  }

  /// Refuses an image that was fetched for another platform than this host's, or has more layers
  /// than a box mounts.
  ///
  /// @param image to be run
  /// @throws ImageException if it cannot be run
  public static void requireRunnable(StoredImage image) {
    Platform.HOST.check(image.config().os(), image.config().architecture());
    if (image.config().diffIds().size() > MAX_MOUNTED_LAYERS) {
      throw new ImageException(
          "too_large",
          "image %s has %d layers, a box mounts at most %d; squash it"
              .formatted(image.id(), image.config().diffIds().size(), MAX_MOUNTED_LAYERS));
    }
  }

  /// Gives an image one more name, as [Images#tag(String, String)] says.
  ///
  /// @param source as [#find] takes it
  /// @param target the new name
  /// @return the image under its new name
  /// @throws NotFoundException if there is no such image
  /// @throws ConfigException if the new name is malformed or has a digest
  public ImageInfo tag(String source, String target) {
    ImageReference name = ImageReference.parse(target);
    if (name.digest().isPresent()) {
      throw new ConfigException(
          "invalid_reference", "name '" + target + "' has a digest; give a tag");
    }
    return content
        .tag(required(source), name.toString())
        .map(this::info)
        .orElseThrow(() -> notThere(source));
  }

  /// Adds the image of a box: the image that it was made from and one more layer. A name that
  /// exists is moved to the new image.
  ///
  /// @param base image of the box
  /// @param changes what the box has changed: a plain tar, as hostile as the box; read to its end,
  ///   not closed
  /// @param commit what is said about the image
  /// @return the image
  /// @throws ImageException if the tar is invalid, hostile or too large, or the image has too many
  ///   layers; nothing is kept
  /// @throws StorageException if the store cannot be written
  public StoredImage commit(StoredImage base, InputStream changes, ImageCommit commit) {
    return stored(content.commit(Digest.parse(base.id()), changes, commit));
  }

  /// Writes images as an archive, as [Images#save] says.
  ///
  /// @param references as [#find] takes them, at least one
  /// @param format how the archive is laid out
  /// @param archive gets a plain tar; not closed
  /// @throws NotFoundException if there is no such image; nothing is written then
  /// @throws ConfigException if there is no reference
  public void save(List<String> references, Images.ArchiveFormat format, OutputStream archive) {
    if (references.isEmpty()) {
      throw new ConfigException("no_image", "no image is given to be saved; name one at least");
    }
    List<ContentStore.Image> images = references.stream().distinct().map(this::required).toList();
    content.save(images, format == Images.ArchiveFormat.DOCKER, archive);
  }

  /// Tells all about an image.
  ///
  /// @param reference as [#find] takes it
  /// @return the details
  /// @throws NotFoundException if there is none
  public ImageDetails inspect(String reference) {
    ContentStore.Image image = required(reference);
    List<String> names =
        content.images().stream()
            .filter(other -> other.digest().equals(image.digest()))
            .flatMap(other -> other.reference().stream())
            .sorted()
            .toList();
    return DetailsParser.parse(
        info(image), names, content.manifest(image.digest()), content.config(image.digest()));
  }

  /// Removes images, as [Images#remove(String, boolean)] says.
  ///
  /// @param reference as [#find] takes it
  /// @param force whether those in use lose their names, and several names go at once
  /// @param users of images: who was made from the one with an id
  /// @return what was done
  /// @throws NotFoundException if there is none
  /// @throws InvalidStateException if it is in use or has several names, and `force` is false
  public RemovedImages remove(String reference, boolean force, ImageUsers users) {
    ContentStore.Image image = required(reference);
    List<ContentStore.Image> names =
        content.images().stream().filter(other -> other.digest().equals(image.digest())).toList();
    boolean byId = byName(names, reference).isEmpty();
    if (byId && names.size() > 1 && !force) {
      throw new InvalidStateException(
          "image_has_names",
          "image %s has several names; remove these, or use force".formatted(reference));
    }
    List<String> usedBy = users.of(image.digest().toString());
    if ((byId || names.size() == 1) && !usedBy.isEmpty() && !force) {
      throw new InvalidStateException(
          "image_in_use",
          "image %s is used by box %s; remove the box first, or use force"
              .formatted(reference, usedBy.getFirst()));
    }
    return content.remove(
        byId ? names : List.of(image), usedBy.isEmpty() ? Set.of() : Set.of(image.digest()), false);
  }

  /// Removes images that nobody uses, as [Images#prune(boolean)] says.
  ///
  /// @param all whether those with a name are removed too
  /// @param users of images: who was made from the one with an id
  /// @return what was done
  public RemovedImages prune(boolean all, ImageUsers users) {
    List<ContentStore.Image> removed =
        content.images().stream()
            .filter(image -> all || image.reference().isEmpty())
            .filter(image -> users.of(image.digest().toString()).isEmpty())
            .toList();
    return content.remove(removed, Set.of(), true);
  }

  /// {@return what images, and what failed pulls left, take on disk}
  ///
  /// @param users of images: who was made from the one with an id
  public List<DiskUsage.Row> usage(ImageUsers users) {
    Set<Digest> all =
        content.images().stream().map(ContentStore.Image::digest).collect(Collectors.toSet());
    Set<Digest> used =
        all.stream()
            .filter(image -> !users.of(image.toString()).isEmpty())
            .collect(Collectors.toSet());
    ContentStore.Usage usage = content.usage(used);
    return List.of(
        new DiskUsage.Row(
            "Images", all.size(), used.size(), usage.bytes(), usage.bytes() - usage.neededBytes()),
        new DiskUsage.Row(
            "Unfinished", usage.partialCount(), 0, usage.partialBytes(), usage.partialBytes()));
  }

  private static Optional<ContentStore.Image> byName(List<ContentStore.Image> images, String text) {
    if (text.startsWith("sha256:") && ID.matcher(text).matches()) {
      return Optional.empty();
    }
    ImageReference reference = ImageReference.parse(text);
    // A digest says all; the name is a hint. It may be that of an index, which only the name tells.
    return images.stream()
        .filter(
            reference
                .digest()
                .map(digest -> hasDigest(reference, digest))
                .orElse(image -> image.reference().equals(Optional.of(reference.toString()))))
        .findFirst();
  }

  private static Predicate<ContentStore.Image> hasDigest(ImageReference wanted, String digest) {
    return image ->
        image.digest().toString().equals(digest)
            || image
                .reference()
                .map(ImageReference::parse)
                .filter(name -> name.repository().equals(wanted.repository()))
                .filter(name -> name.digest().equals(wanted.digest()))
                .isPresent();
  }

  // A name without a registry was pulled from the first that had it.
  private Optional<ContentStore.Image> searched(List<ContentStore.Image> images, String text) {
    return ID.matcher(text).matches()
        ? Optional.empty()
        : registries.candidates(text, List.of()).stream()
            .flatMap(name -> byName(images, name.toString()).stream())
            .findFirst();
  }

  private static Optional<ContentStore.Image> byId(List<ContentStore.Image> images, String text) {
    Matcher id = ID.matcher(text);
    if (!id.matches()) {
      return Optional.empty();
    }
    List<ContentStore.Image> found =
        images.stream().filter(image -> image.digest().hex().startsWith(id.group(1))).toList();
    if (found.stream().map(ContentStore.Image::digest).distinct().count() > 1) {
      throw new ConfigException(
          "ambiguous_image", "image id '" + text + "' fits several images; give more digits");
    }
    return found.stream().findFirst();
  }

  private StoredImage stored(ContentStore.Image image) {
    return new StoredImage(
        image.reference().map(ImageReference::parse),
        image.digest().toString(),
        ConfigParser.parse(content.config(image.digest())),
        image.added(),
        content.catalogued(image.digest()).size());
  }

  private ImageInfo info(ContentStore.Image image) {
    return StoredImage.info(
        image.reference().map(ImageReference::parse),
        image.digest().toString(),
        image.added(),
        size(image));
  }

  // One image that is damaged does not keep the others from being listed.
  private OptionalLong size(ContentStore.Image image) {
    try {
      return OptionalLong.of(content.catalogued(image.digest()).size());
    } catch (StorageException e) {
      return OptionalLong.empty();
    }
  }

  /// Ends connections to registries. Pulls that run fail.
  @Override
  public void close() {
    registries.close();
    content.close();
  }
}
