package io.boxlite.rest;

import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.TransferProgress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Turns what concerns images into JSON bodies and back.
///
/// @since 0.1
public final class ImageMapping {
  private ImageMapping() {}

  /// {@return the body of an image}
  ///
  /// @param image the image
  public static ImageBody toBody(ImageInfo image) {
    return body(image, null, null, null);
  }

  /// {@return the body of an image that was pulled}
  ///
  /// @param pulled what a pull has brought
  public static ImageBody toBody(PulledImage pulled) {
    return body(pulled.image(), pulled.configDigest(), pulled.layerCount(), pulled.fetched());
  }

  private static ImageBody body(
      ImageInfo image,
      @Nullable String configDigest,
      @Nullable Integer layerCount,
      @Nullable Boolean fetched) {
    return new ImageBody(
        image.reference(),
        image.repository(),
        image.tag(),
        image.id(),
        image.cachedAt().toString(),
        image.sizeBytes().isPresent() ? (Long) image.sizeBytes().getAsLong() : null,
        configDigest,
        layerCount,
        fetched);
  }

  /// {@return the image of a body}
  ///
  /// @param body what a server answered
  /// @throws ConfigException if a field is missing; names it
  public static ImageInfo toInfo(ImageBody body) {
    Long size = body.sizeBytes();
    return new ImageInfo(
        present("reference", body.reference()),
        present("repository", body.repository()),
        present("tag", body.tag()),
        present("id", body.id()),
        BoxMapping.instant(present("cached_at", body.cachedAt())),
        size == null ? OptionalLong.empty() : OptionalLong.of(size));
  }

  /// {@return what a pull has brought}
  ///
  /// @param body what a server answered
  /// @throws ConfigException if a field is missing; names it
  public static PulledImage toPulled(ImageBody body) {
    return new PulledImage(
        toInfo(body),
        present("config_digest", body.configDigest()),
        present("layer_count", body.layerCount()),
        Boolean.TRUE.equals(body.fetched()));
  }

  /// {@return the request for a pull}
  ///
  /// @param options what to fetch
  public static PullImageBody toBody(PullOptions options) {
    return new PullImageBody(
        options.reference(),
        options.platform().orElse(null),
        RegistryMapping.toTree(options.registries()));
  }

  /// {@return what a request asks to be fetched}
  ///
  /// @param body the request
  /// @throws ConfigException if it is invalid; names the field
  public static PullOptions toOptions(PullImageBody body) {
    return new PullOptions(
        named("reference", body.reference()),
        Optional.ofNullable(body.platform()),
        RegistryMapping.toRegistries("registries", body.registries()));
  }

  /// {@return the body of a step}
  ///
  /// @param progress the step
  public static TransferEventBody toBody(TransferProgress progress) {
    return new TransferEventBody(
        new TransferEventBody.Progress(
            progress.layer(), progress.stage().wireName(), progress.done(), progress.total()),
        null,
        null,
        null);
  }

  /// {@return the step of a body, or empty if it is of a kind that is not known}
  ///
  /// @param body what a server answered
  public static Optional<TransferProgress> toProgress(TransferEventBody.Progress body) {
    String layer = body.layer();
    for (TransferProgress.Stage stage : TransferProgress.Stage.values()) {
      if (layer != null && stage.wireName().equals(body.stage())) {
        return Optional.of(
            new TransferProgress(
                layer, stage, Math.max(0, body.done()), Math.max(0, body.total())));
      }
    }
    return Optional.empty();
  }

  /// {@return the body of a removal}
  ///
  /// @param removed what was done
  public static RemovedImagesBody toBody(RemovedImages removed) {
    return new RemovedImagesBody(removed.untagged(), removed.deleted(), removed.freedBytes());
  }

  /// {@return what a removal did}
  ///
  /// @param body what a server answered
  public static RemovedImages toRemoved(RemovedImagesBody body) {
    return new RemovedImages(
        texts("untagged", body.untagged()), texts("deleted", body.deleted()), body.freedBytes());
  }

  /// {@return the request for a commit}
  ///
  /// @param options the image that is made
  public static CommitBody toBody(CommitOptions options) {
    return new CommitBody(
        options.reference(), options.author(), options.message(), options.changes());
  }

  /// {@return the image that a request asks to be made}
  ///
  /// @param body the request
  /// @throws ConfigException if it is invalid; names the field
  public static CommitOptions toOptions(CommitBody body) {
    return new CommitOptions(
        named("reference", body.reference()),
        text(body.author()),
        text(body.message()),
        texts("changes", body.changes()));
  }

  /// {@return the body of what a home takes}
  ///
  /// @param usage what it takes
  public static DiskUsageBody toBody(DiskUsage usage) {
    return new DiskUsageBody(
        usage.rows().stream()
            .map(row ->
                new DiskUsageBody.Row(
                    row.kind(), row.total(), row.active(), row.sizeBytes(), row.reclaimableBytes()))
            .toList());
  }

  /// {@return what a home takes}
  ///
  /// @param body what a server answered
  public static DiskUsage toUsage(DiskUsageBody body) {
    return new DiskUsage(
        items("rows", body.rows()).stream()
            .map(row ->
                new DiskUsage.Row(
                    text(row.kind()),
                    row.total(),
                    row.active(),
                    row.sizeBytes(),
                    row.reclaimableBytes()))
            .toList());
  }

  /// {@return the body of an image's details}
  ///
  /// @param details the details
  public static ImageDetailsBody toBody(ImageDetails details) {
    ImageDetails.ProcessConfig config = details.config();
    return new ImageDetailsBody(
        toBody(details.image()),
        details.references(),
        details.configDigest(),
        details.mediaType(),
        details.os(),
        details.architecture(),
        details.created().map(Instant::toString).orElse(null),
        details.author(),
        new ImageDetailsBody.Config(
            config.user(),
            config.workingDir(),
            config.entrypoint(),
            config.cmd(),
            config.env(),
            config.exposedPorts(),
            config.volumes(),
            config.labels(),
            config.stopSignal()),
        details.layers().stream()
            .map(l ->
                new ImageDetailsBody.Layer(l.digest(), l.diffId(), l.mediaType(), l.sizeBytes()))
            .toList(),
        details.history().stream()
            .map(h ->
                new ImageDetailsBody.History(
                    h.created().map(Instant::toString).orElse(null),
                    h.createdBy(),
                    h.author(),
                    h.comment(),
                    h.emptyLayer()))
            .toList());
  }

  /// {@return an image's details}
  ///
  /// @param body what a server answered
  /// @throws ConfigException if a field is missing; names it
  public static ImageDetails toDetails(ImageDetailsBody body) {
    return new ImageDetails(
        toInfo(present("image", body.image())),
        texts("references", body.references()),
        text(body.configDigest()),
        text(body.mediaType()),
        text(body.os()),
        text(body.architecture()),
        time(body.created()),
        text(body.author()),
        config(present("config", body.config())),
        items("layers", body.layers()).stream()
            .map(l ->
                new ImageDetails.Layer(
                    text(l.digest()), text(l.diffId()), text(l.mediaType()), l.sizeBytes()))
            .toList(),
        items("history", body.history()).stream()
            .map(h ->
                new ImageDetails.History(
                    time(h.created()),
                    text(h.createdBy()),
                    text(h.author()),
                    text(h.comment()),
                    h.emptyLayer()))
            .toList());
  }

  private static ImageDetails.ProcessConfig config(ImageDetailsBody.Config config) {
    Map<String, String> labels = config.labels();
    return new ImageDetails.ProcessConfig(
        text(config.user()),
        text(config.workingDir()),
        texts("entrypoint", config.entrypoint()),
        texts("cmd", config.cmd()),
        texts("env", config.env()),
        texts("exposed_ports", config.exposedPorts()),
        texts("volumes", config.volumes()),
        labels == null ? Map.of() : OptionMapping.values("labels", labels),
        text(config.stopSignal()));
  }

  private static Optional<Instant> time(@Nullable String text) {
    return text == null ? Optional.empty() : Optional.of(BoxMapping.instant(text));
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static List<String> texts(String field, @Nullable List<String> list) {
    return items(field, list);
  }

  private static <T> List<T> items(String field, @Nullable List<T> list) {
    if (list == null) {
      return List.of();
    }
    list.forEach(item -> present(field, item));
    return list;
  }

  /// Checks what must be there.
  ///
  /// @param field its name
  /// @param value what came
  /// @return the value
  /// @throws ConfigException if there is none; names the field
  public static <T> T present(String field, @Nullable T value) {
    if (value == null) {
      throw new ConfigException("invalid_" + field, field + " is missing");
    }
    return value;
  }

  /// Checks text that must be there and not be empty.
  ///
  /// @param field its name
  /// @param value what came
  /// @return the value
  /// @throws ConfigException if there is none; names the field
  public static String named(String field, @Nullable String value) {
    String present = present(field, value);
    if (present.isEmpty()) {
      throw new ConfigException("invalid_" + field, field + " is empty");
    }
    return present;
  }
}
