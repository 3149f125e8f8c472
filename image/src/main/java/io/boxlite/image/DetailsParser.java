package io.boxlite.image;

import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageInfo;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Gives the checked documents of an image the form of the API.
final class DetailsParser {
  private DetailsParser() {}

  static ImageDetails parse(
      ImageInfo image, List<String> names, Manifest manifest, Config document) {
    ImageConfig config = ConfigParser.parse(document);
    String mediaType = manifest.mediaType();
    return new ImageDetails(
        image,
        names,
        manifest.configDescriptor().checkedDigest().toString(),
        mediaType == null || mediaType.isEmpty() ? MediaTypes.MANIFEST : mediaType,
        config.os(),
        config.architecture(),
        time(document.created()),
        text(document.author()),
        new ImageDetails.ProcessConfig(
            config.user(),
            config.workingDir(),
            config.entrypoint(),
            config.cmd(),
            config.env(),
            config.exposedPorts(),
            config.volumes(),
            config.labels(),
            config.stopSignal()),
        layers(manifest.layerDescriptors(), config.diffIds()),
        document.steps().stream().map(DetailsParser::history).toList());
  }

  private static List<ImageDetails.Layer> layers(List<Descriptor> blobs, List<String> diffIds) {
    List<ImageDetails.Layer> layers = new ArrayList<>();
    for (int i = 0; i < blobs.size(); i++) {
      Descriptor blob = blobs.get(i);
      layers.add(
          new ImageDetails.Layer(
              blob.checkedDigest().toString(), diffIds.get(i), blob.type(), blob.size()));
    }
    return layers;
  }

  private static ImageDetails.History history(Config.Step step) {
    return new ImageDetails.History(
        time(step.created()),
        text(step.createdBy()),
        text(step.author()),
        text(step.comment()),
        step.emptyLayer());
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static Optional<Instant> time(@Nullable String value) {
    try {
      return value == null
          ? Optional.empty()
          : Optional.of(OffsetDateTime.parse(value).toInstant());
    } catch (DateTimeParseException e) {
      return Optional.empty(); // it is the image's word, and of no consequence
    }
  }
}
