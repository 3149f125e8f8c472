package io.boxlite.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/// An image as registries have it.
///
/// @param layers lowest first
/// @param architecture as in Go
record TestImage(List<TestLayer> layers, String architecture) {
  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";

  static final String HOST_ARCHITECTURE =
      System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";

  /// An image for this host.
  static TestImage of(TestLayer... layers) {
    return new TestImage(List.of(layers), HOST_ARCHITECTURE);
  }

  static String digest(byte[] content) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static String descriptor(String mediaType, byte[] content) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(mediaType, digest(content), content.length);
  }

  byte[] config() {
    return utf8(
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}"
            .formatted(
                architecture,
                layers.stream()
                    .map(layer -> '"' + layer.diffId() + '"')
                    .collect(Collectors.joining(","))));
  }

  byte[] manifest() {
    return utf8(
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
            .formatted(
                MANIFEST,
                descriptor(CONFIG, config()),
                layers.stream().map(TestLayer::descriptor).collect(Collectors.joining(","))));
  }

  /// {@return digest of the manifest}
  String id() {
    return digest(manifest());
  }

  /// Sends all of it.
  void push(RegistryServer registry, String repository, String tag)
      throws IOException, InterruptedException {
    for (TestLayer layer : layers) {
      registry.putBlob(repository, layer.blob());
    }
    registry.putBlob(repository, config());
    registry.putManifest(repository, tag, MANIFEST, manifest());
  }

  /// Sends images and an index of them.
  static void pushIndex(
      RegistryServer registry, String repository, String tag, List<TestImage> images)
      throws IOException, InterruptedException {
    StringBuilder manifests = new StringBuilder();
    for (TestImage image : images) {
      image.push(registry, repository, image.id());
      String descriptor = descriptor(MANIFEST, image.manifest());
      manifests
          .append(manifests.isEmpty() ? "" : ",")
          .append(descriptor, 0, descriptor.length() - 1)
          .append(",\"platform\":{\"os\":\"linux\",\"architecture\":\"")
          .append(image.architecture)
          .append("\"}}");
    }
    byte[] index =
        utf8(
            "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
                .formatted(INDEX, manifests));
    registry.putManifest(repository, tag, INDEX, index);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
