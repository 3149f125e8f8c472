package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Names a blob: OCI image-spec `descriptor.md`.
@Json
public record Descriptor(
    @Nullable String mediaType,
    @Nullable String digest,
    long size,
    @Nullable List<String> urls,
    @Nullable Platform platform,
    @Nullable Map<String, String> annotations) {

  /// A platform of an index.
  @Json
  public record Platform(
      @Nullable String architecture, @Nullable String os, @Nullable String variant) {
    @Override
    public String toString() {
      return os + "/" + architecture + (variant == null || variant.isEmpty() ? "" : "/" + variant);
    }
  }

  public static Descriptor of(String mediaType, Digest digest, long size) {
    return new Descriptor(mediaType, digest.toString(), size, null, null, null);
  }

  /// The descriptor of a manifest in an index of the store.
  public Descriptor named(Map<String, String> newAnnotations) {
    return new Descriptor(mediaType, digest, size, null, platform, newAnnotations);
  }

  public Digest checkedDigest() {
    if (digest == null || size < 0) {
      throw new ImageException("invalid_manifest", "invalid descriptor: no digest or size");
    }
    return Digest.parse(digest);
  }

  public String type() {
    return mediaType == null ? "" : mediaType;
  }

  public String annotation(String key) {
    String value = annotations == null ? null : annotations.get(key);
    return value == null ? "" : value;
  }
}
