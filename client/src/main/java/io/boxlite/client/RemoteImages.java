package io.boxlite.client;

import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.TransferProgress;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.ImageBody;
import io.boxlite.rest.ImageListBody;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Images over REST.
///
/// @param caller sends the requests
record RemoteImages(RestCaller caller) implements Images {
  @Override
  public List<ImageInfo> load(InputStream archive) {
    return images(JsonCodec.read(ImageListBody.class, caller.upload(Paths.IMAGES_LOAD, archive)));
  }

  @Override
  public List<ImageInfo> list() {
    return images(caller.call(ImageListBody.class, "GET", Paths.IMAGES, null));
  }

  private static List<ImageInfo> images(ImageListBody body) {
    List<ImageInfo> images = new ArrayList<>();
    for (ImageBody image : body.images()) {
      images.add(BoxMapping.toInfo(image));
    }
    return List.copyOf(images);
  }

  @Override
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public ImageDetails inspect(String reference) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public ImageInfo tag(String source, String target) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }

  @Override
  public RemovedImages prune(boolean all) {
    throw new io.boxlite.api.InternalException("not_implemented", "not implemented yet");
  }
}
