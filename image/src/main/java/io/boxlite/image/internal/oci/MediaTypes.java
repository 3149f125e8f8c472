package io.boxlite.image.internal.oci;

import java.util.Set;

/// The media types that we read and write (OCI image-spec `media-types.md`, and Docker's).
public final class MediaTypes {
  public static final String INDEX = "application/vnd.oci.image.index.v1+json";
  public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  public static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  public static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  private static final String DOCKER_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";
  private static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";
  private static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
  private static final Set<String> LAYERS =
      Set.of(
          LAYER,
          LAYER + "+gzip",
          LAYER + "+zstd",
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.zstd");

  private MediaTypes() {}

  public static boolean isIndex(String type) {
    return type.equals(INDEX) || type.equals(DOCKER_LIST);
  }

  public static boolean isManifest(String type) {
    return type.equals(MANIFEST) || type.equals(DOCKER_MANIFEST);
  }

  /// {@return what OCI calls a layer, Docker's among them}
  ///
  /// @param type of a layer
  public static String ociLayer(String type) {
    String docker = "application/vnd.docker.image.rootfs.diff.tar";
    return type.startsWith(docker)
        ? LAYER + type.substring(docker.length()).replace('.', '+')
        : type;
  }

  static boolean isConfig(String type) {
    return type.equals(CONFIG) || type.equals(DOCKER_CONFIG);
  }

  static boolean isLayer(String type) {
    return LAYERS.contains(type);
  }
}
