package io.boxlite.client;

import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.ImageBody;
import io.boxlite.rest.ImageDetailsBody;
import io.boxlite.rest.ImageListBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import io.boxlite.rest.PruneImagesBody;
import io.boxlite.rest.RemovedImagesBody;
import io.boxlite.rest.TagImageBody;
import io.boxlite.rest.TransferEventBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Images over REST. Listeners are called by the thread that pulls or pushes; when that thread is
/// interrupted, the server gives up too.
///
/// @param caller sends the requests
/// @param registries how registries are reached, behind what a call says
record RemoteImages(RestCaller caller, List<ImageRegistry> registries) implements Images {
  private static final int BUFFER_BYTES = 64 * 1024;

  RemoteImages {
    registries = List.copyOf(registries);
  }

  @Override
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    PullOptions all =
        new PullOptions(options.reference(), options.platform(), all(options.registries()));
    TransferEventBody last = transfer(Paths.IMAGES_PULL, all, listener);
    return ImageMapping.toPulled(ImageMapping.present("image", last.image()));
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> more, Consumer<TransferProgress> listener) {
    PullOptions options = new PullOptions(reference, Optional.empty(), all(more));
    TransferEventBody last = transfer(Paths.IMAGES_PUSH, options, listener);
    return ImageMapping.present("digest", last.digest());
  }

  private List<ImageRegistry> all(List<ImageRegistry> first) {
    return Stream.concat(first.stream(), registries.stream()).toList();
  }

  /// {@return the last line}
  private TransferEventBody transfer(
      String path, PullOptions options, Consumer<TransferProgress> listener) {
    try (AnswerLines lines = caller.lines(path, ImageMapping.toBody(options))) {
      while (true) {
        TransferEventBody event = lines.next(TransferEventBody.class);
        ErrorBody.Failure error = event.error();
        if (error != null) {
          throw ErrorEnvelope.toException(error);
        }
        if (event.image() != null || event.digest() != null) {
          return event;
        }
        TransferEventBody.Progress progress = event.progress();
        if (progress != null) {
          ImageMapping.toProgress(progress).ifPresent(listener);
        }
      }
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  @Override
  public List<ImageInfo> load(InputStream archive) {
    return images(JsonCodec.read(ImageListBody.class, caller.upload(Paths.IMAGES_LOAD, archive)));
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    String query =
        references.stream()
            .map(reference -> "&reference=" + Paths.encode(reference))
            .collect(Collectors.joining());
    String path = Paths.IMAGES_SAVE + "?format=" + format.wireName() + query;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream from = caller.stream("GET", path, null)) {
      for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
        write(archive, buffer, count);
      }
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  private static void write(OutputStream archive, byte[] buffer, int count) {
    try {
      archive.write(buffer, 0, count);
    } catch (IOException e) {
      throw new StorageException(
          "archive_unwritable", "cannot write the archive: " + e.getMessage(), e, Map.of());
    }
  }

  @Override
  public List<ImageInfo> list() {
    return images(caller.call(ImageListBody.class, "GET", Paths.IMAGES, null));
  }

  private static List<ImageInfo> images(ImageListBody body) {
    return ImageMapping.present("images", body.images()).stream()
        .map(ImageMapping::toInfo)
        .toList();
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    try {
      return Optional.of(inspect(reference).image());
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  @Override
  public ImageDetails inspect(String reference) {
    return ImageMapping.toDetails(
        caller.call(
            ImageDetailsBody.class,
            "GET",
            Paths.IMAGES_INSPECT + "?reference=" + Paths.encode(reference),
            null));
  }

  @Override
  public ImageInfo tag(String source, String target) {
    return ImageMapping.toInfo(
        caller.call(ImageBody.class, "POST", Paths.IMAGES_TAG, new TagImageBody(source, target)));
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    String path =
        Paths.IMAGES + "?reference=" + Paths.encode(reference) + (force ? "&force=true" : "");
    return ImageMapping.toRemoved(caller.call(RemovedImagesBody.class, "DELETE", path, null));
  }

  @Override
  public RemovedImages prune(boolean all) {
    return ImageMapping.toRemoved(
        caller.call(RemovedImagesBody.class, "POST", Paths.IMAGES_PRUNE, new PruneImagesBody(all)));
  }
}
