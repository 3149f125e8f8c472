package io.boxlite.runtime.internal.state;

import io.avaje.json.JsonException;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.VolumeMount;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What an archive says of its box. It has no value of any secret, and nothing of this host: no
/// volume but those that were made with the box.
///
/// @param options of the box
/// @param imageId of the image that its disk lies over
/// @param diskChecksum `sha256:` and hex digits
public record ArchiveManifest(BoxOptions options, String imageId, String diskChecksum) {
  private static final int VERSION = 3;
  private static final int MAX_VERSION = 5;

  /// The disk has what the box changed of its image, as the agent of this BoxLite mounts it.
  private static final String LAYOUT = "overlay-1";

  private static final Jsonb JSON = Jsonb.builder().build();
  private static final JsonType<ArchiveDocument> TYPE = JSON.type(ArchiveDocument.class);
  private static final JsonType<ArchiveDocument.Head> HEAD = JSON.type(ArchiveDocument.Head.class);

  /// {@return the same as JSON}
  public byte[] toJson() {
    List<VolumeMount> own =
        options.volumes().stream()
            .filter(volume -> volume.source() instanceof VolumeMount.Anonymous)
            .map(volume -> VolumeMount.ofAnonymous(volume.guestPath(), volume.readOnly()))
            .toList();
    BoxOptions told =
        options.toBuilder()
            .volumes(own)
            .network(options.network().withSecrets(List.of()))
            .autoRemove(false)
            .build();
    Instant now = Instant.now();
    ArchiveDocument document =
        new ArchiveDocument(
            VERSION,
            LAYOUT,
            options.name().orElse(null),
            options.imageLabel(),
            imageId,
            BoxDocument.of(BoxRecord.create(told, now)),
            "",
            diskChecksum,
            now.toString());
    return TYPE.toJsonPretty(document).getBytes(StandardCharsets.UTF_8);
  }

  /// Reads what somebody else has written.
  ///
  /// @param json the file
  /// @return the manifest, without a name of the box
  /// @throws ConfigException if it is malformed, or wants what an archive must not
  public static ArchiveManifest read(byte[] json) {
    String text = new String(json, StandardCharsets.UTF_8);
    try {
      ArchiveDocument.Head head = HEAD.fromJson(text);
      if (head.version() < 1 || head.version() > MAX_VERSION) {
        throw refused("its version is " + head.version() + "; this BoxLite reads up to 5");
      }
      if (!LAYOUT.equals(head.layout())) {
        throw refused(
            "its disk is the whole root file system of a box of another BoxLite; make an image of"
                + " that box and run that");
      }
      return of(TYPE.fromJson(text));
    } catch (JsonException
        | DateTimeException
        | IllegalArgumentException
        | NullPointerException
        | NoSuchElementException e) {
      throw new ConfigException(
          "invalid_archive", "invalid archive box_options: " + e.getMessage(), e, Map.of());
    }
  }

  private static ArchiveManifest of(ArchiveDocument document) {
    BoxDocument box = required(document.boxOptions(), "box_options");
    BoxOptions options = box.toRecord().options();
    if (options.rootfsPath().isPresent()) {
      throw refused("it names a directory of the host as root file system");
    }
    if (options.volumes().stream()
        .anyMatch(volume -> !(volume.source() instanceof VolumeMount.Anonymous))) {
      throw refused("it names volumes of the host");
    }
    BoxOptions safe =
        options.withName(Optional.empty()).toBuilder()
            .volumes(
                options.volumes().stream()
                    .map(v -> VolumeMount.ofAnonymous(v.guestPath(), v.readOnly()))
                    .toList())
            .network(options.network().withSecrets(List.of()))
            .autoRemove(false)
            .build();
    return new ArchiveManifest(
        safe,
        required(document.imageId(), "image_id"),
        required(document.containerDiskChecksum(), "container_disk_checksum"));
  }

  private static <T> T required(@Nullable T value, String name) {
    if (value == null) {
      throw refused("manifest.json has no " + name);
    }
    return value;
  }

  private static ConfigException refused(String why) {
    return new ConfigException("invalid_archive", "cannot import archive: " + why);
  }
}
