package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.Images;
import io.boxlite.api.Images.ArchiveFormat;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.TransferProgress;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ImageBody;
import io.boxlite.rest.ImageListBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.PruneImagesBody;
import io.boxlite.rest.PullImageBody;
import io.boxlite.rest.TagImageBody;
import io.boxlite.rest.TransferEventBody;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/// Images: pull, push, list, find, load, save, tag, remove, prune.
final class ImageRoutes {
  private final Boxlite boxlite;

  ImageRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.add("GET", "images", this::list);
    router.add("DELETE", "images", this::remove);
    router.addKeyed("POST", "images/pull", this::pull);
    router.add("POST", "images/push", this::push);
    router.add("POST", "images/load", this::load);
    router.add("POST", "images/tag", this::tag);
    router.add("POST", "images/prune", this::prune);
    router.add("GET", "images/inspect", this::inspect);
    router.add("GET", "images/save", this::save);
    router.add("GET", "images/{id}", e -> e.answer(ImageMapping.toBody(find(e))));
    router.add("HEAD", "images/{id}", this::head);
  }

  private Images images() {
    return boxlite.images();
  }

  private void pull(Exchange exchange) throws IOException {
    PullOptions options = ImageMapping.toOptions(exchange.confidentialJson(PullImageBody.class));
    transfer(
        exchange,
        listener -> ImageMapping.toBody(images().pull(options, listener)),
        image -> new TransferEventBody(null, image, null, null));
  }

  private void push(Exchange exchange) throws IOException {
    PullOptions options = ImageMapping.toOptions(exchange.confidentialJson(PullImageBody.class));
    if (options.platform().isPresent()) {
      throw new ConfigException("invalid_platform", "platform is not for a push; leave it out");
    }
    transfer(
        exchange,
        listener ->
            new TransferEventBody(
                null,
                null,
                images().push(options.reference(), options.registries(), listener),
                null),
        Function.identity());
  }

  /// Answers with the result, or with a line for each step if the client wants that.
  ///
  /// @param work does it
  /// @param last makes the last line of the result
  private static <T> void transfer(
      Exchange exchange,
      Function<Consumer<TransferProgress>, T> work,
      Function<T, TransferEventBody> last)
      throws IOException {
    if (!exchange.wantsLines()) {
      exchange.whileConnected(
          () -> exchange.answer(work.apply(Stages.ofTransfer(exchange.span(), _ -> {}))));
      return;
    }
    exchange.whileConnected(
        () -> exchange.lines(lines -> lines.accept(lastLine(exchange, lines, work, last))));
  }

  private static <T> TransferEventBody lastLine(
      Exchange exchange,
      Consumer<Object> lines,
      Function<Consumer<TransferProgress>, T> work,
      Function<T, TransferEventBody> last) {
    try (ProgressLines progress = ProgressLines.to(lines)) {
      return last.apply(work.apply(Stages.ofTransfer(exchange.span(), progress)));
    } catch (RuntimeException e) {
      ErrorBody.Failure failure = ErrorResponder.describe(e, exchange.requestId()).error();
      return new TransferEventBody(null, null, null, failure);
    }
  }

  private void list(Exchange exchange) {
    Page<ImageInfo> page =
        Page.of(
            exchange,
            images().list(),
            image -> image.reference() + " " + image.id(),
            Comparator.naturalOrder());
    exchange.answer(new ImageListBody(bodies(page.items()), page.nextToken()));
  }

  private ImageInfo find(Exchange exchange) {
    String id = exchange.parameter("id");
    return images()
        .get(id)
        .orElseThrow(() -> new NotFoundException("image_not_found", "image not found: " + id));
  }

  private void head(Exchange exchange) {
    find(exchange);
    exchange.noContent();
  }

  private void inspect(Exchange exchange) {
    exchange.answer(ImageMapping.toBody(images().inspect(exchange.required("reference"))));
  }

  private void remove(Exchange exchange) {
    boolean force = exchange.flag("force");
    exchange.answer(ImageMapping.toBody(images().remove(exchange.required("reference"), force)));
  }

  private void tag(Exchange exchange) throws IOException {
    TagImageBody body = exchange.strictJson(TagImageBody.class);
    exchange.answer(
        ImageMapping.toBody(
            images()
                .tag(
                    ImageMapping.named("source", body.source()),
                    ImageMapping.named("target", body.target()))));
  }

  private void prune(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    boolean all =
        body.length > 0
            && Boolean.TRUE.equals(JsonCodec.readStrictly(PruneImagesBody.class, body).all());
    exchange.answer(ImageMapping.toBody(images().prune(all)));
  }

  private void load(Exchange exchange) throws IOException {
    try (InputStream archive = exchange.body()) {
      exchange.answer(body(images().load(archive)));
    }
  }

  private void save(Exchange exchange) throws IOException {
    List<String> references = exchange.queries("reference");
    if (references.isEmpty() || references.contains("")) {
      throw new ConfigException("invalid_reference", "reference is missing");
    }
    String name = exchange.query("format").orElse("oci");
    ArchiveFormat format =
        Stream.of(ArchiveFormat.values())
            .filter(known -> known.wireName().equals(name))
            .findFirst()
            .orElseThrow(() ->
                new ConfigException(
                    "invalid_format", "format '" + name + "' must be oci or docker"));
    exchange.write("application/x-tar", archive -> images().save(references, format, archive));
  }

  private static ImageListBody body(List<ImageInfo> images) {
    return new ImageListBody(bodies(images), null);
  }

  private static List<ImageBody> bodies(List<ImageInfo> images) {
    return images.stream().map(ImageMapping::toBody).toList();
  }
}
