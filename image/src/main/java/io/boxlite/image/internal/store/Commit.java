package io.boxlite.image.internal.store;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.ImageCommit;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.JsonTree;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// An image that is made of another one and one more layer. Confined to one thread; [#close]
/// removes what the store did not take.
final class Commit implements AutoCloseable {
  /// As many as the guest mounts, less one.
  private static final int MAX_BASE_LAYERS = 126;

  private static final String GZIP_LAYER = MediaTypes.LAYER + "+gzip";
  private static final int BUFFER = 256 * 1024;

  private final StorePaths paths;
  private final BlobStore blobs;
  private final Staging staging;
  private final List<Path> files = new ArrayList<>();

  Commit(StorePaths paths, BlobStore blobs, Staging staging) {
    this.paths = paths;
    this.blobs = blobs;
    this.staging = staging;
  }

  /// Makes the image. Its layer is only compressed, not looked at: whoever adds the image converts
  /// it, which checks it. The caller's stream is read to its end first: until then a box stands
  /// still.
  ///
  /// @param base manifest of the image below
  /// @param layer a plain tar; not closed
  NewImage make(Digest base, InputStream layer, ImageCommit commit, ImageLimits limits)
      throws IOException {
    Manifest manifest = OciJson.manifest(blobs.read(base, OciJson.MAX_MANIFEST));
    if (manifest.layerDescriptors().size() > MAX_BASE_LAYERS) {
      throw new ImageException(
          "too_many_layers",
          "an image of %d layers cannot get one more: a box can have %d; make it anew of fewer"
              .formatted(manifest.layerDescriptors().size(), MAX_BASE_LAYERS + 1));
    }
    byte[] config = blobs.read(manifest.configDescriptor().checkedDigest(), OciJson.MAX_CONFIG);
    Layer added = compress(layer, limits.uncompressedBytes());
    CrashPoint.reached("commit.exported");

    List<Descriptor> descriptors = new ArrayList<>();
    List<StagedBlob> layers = new ArrayList<>();
    for (Descriptor below : manifest.layerDescriptors()) {
      Digest digest = below.checkedDigest();
      descriptors.add(Descriptor.of(MediaTypes.ociLayer(below.type()), digest, below.size()));
      layers.add(new StagedBlob(paths.blob(digest), digest, below.size()));
    }
    descriptors.add(Descriptor.of(GZIP_LAYER, added.blob().digest(), added.blob().size()));
    layers.add(added.blob());

    StagedBlob newConfig = stage(configOf(config, added.diffId(), commit, Instant.now()));
    List<Digest> diffIds = OciJson.config(newConfig.read(OciJson.MAX_CONFIG)).diffIds();
    StagedBlob newManifest =
        stage(
            OciJson.write(
                Manifest.of(
                    Descriptor.of(MediaTypes.CONFIG, newConfig.digest(), newConfig.size()),
                    descriptors)));
    ResolvedImage image =
        new ResolvedImage(
            Descriptor.of(MediaTypes.MANIFEST, newManifest.digest(), newManifest.size()),
            newConfig.digest(),
            List.copyOf(descriptors),
            diffIds,
            List.of(newConfig, newManifest));
    return new NewImage(Optional.of(commit.reference().toString()), image, List.copyOf(layers));
  }

  /// A layer that was compressed.
  private record Layer(StagedBlob blob, Digest diffId) {}

  // As fast as can be: the box waits.
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, BUFFER);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  private Layer compress(InputStream tar, long limit) throws IOException {
    Path file = newFile();
    MessageDigest compressed = Digest.start();
    MessageDigest plain = Digest.start();
    try (OutputStream out =
            Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream gzip = new FastGzip(new DigestOutputStream(out, compressed))) {
      byte[] buffer = new byte[BUFFER];
      long size = 0;
      for (int n = tar.read(buffer); n >= 0; n = tar.read(buffer)) {
        size += n;
        if (size > limit) {
          throw new ImageException(
              "too_large",
              "layer is too large: what the box has changed needs more than %d bytes"
                  .formatted(limit));
        }
        plain.update(buffer, 0, n);
        gzip.write(buffer, 0, n);
      }
    }
    return new Layer(
        new StagedBlob(file, Digest.finish(compressed.digest()), Files.size(file)),
        Digest.finish(plain.digest()));
  }

  private Path newFile() {
    Path file = staging.newFile();
    files.add(file);
    return file;
  }

  private StagedBlob stage(byte[] document) throws IOException {
    InputStream in = new ByteArrayInputStream(document);
    return StagedBlob.write(newFile(), in::read);
  }

  /// Makes a configuration of that of the image below; what is not known of it stays as it is.
  ///
  /// @throws ConfigException if it becomes too large
  static byte[] configOf(byte[] base, Digest diffId, ImageCommit commit, Instant now) {
    Map<String, @Nullable Object> config = JsonTree.read(base, "image configuration");
    config.put("created", now.toString());
    if (!commit.author().isEmpty()) {
      config.put("author", commit.author());
    }
    CommitChanges.apply(commit.changes(), object(config, "config"));
    array(object(config, "rootfs"), "diff_ids").add(diffId.toString());
    Map<String, @Nullable Object> step = new LinkedHashMap<>();
    step.put("created", now.toString());
    step.put("created_by", "boxlite commit");
    if (!commit.author().isEmpty()) {
      step.put("author", commit.author());
    }
    if (!commit.message().isEmpty()) {
      step.put("comment", commit.message());
    }
    array(config, "history").add(step);
    byte[] json = JsonTree.write(config);
    if (json.length > OciJson.MAX_CONFIG) {
      throw new ConfigException(
          "too_large",
          "the image's configuration would have more than "
              + OciJson.MAX_CONFIG
              + " bytes; give a shorter message or fewer changes");
    }
    return json;
  }

  @SuppressWarnings("unchecked") // what JsonTree reads as an object
  private static Map<String, @Nullable Object> object(
      Map<String, @Nullable Object> parent, String key) {
    if (!(parent.get(key) instanceof Map<?, ?>)) {
      parent.put(key, new LinkedHashMap<String, @Nullable Object>());
    }
    return (Map<String, @Nullable Object>) parent.get(key);
  }

  @SuppressWarnings("unchecked") // what JsonTree reads as an array
  private static List<@Nullable Object> array(Map<String, @Nullable Object> parent, String key) {
    if (!(parent.get(key) instanceof List<?>)) {
      parent.put(key, new ArrayList<@Nullable Object>());
    }
    return (List<@Nullable Object>) parent.get(key);
  }

  @Override
  public void close() throws IOException {
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }
}
