package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// The file `oci-layout`: OCI image-spec `image-layout.md`.
@Json
public record Layout(@Nullable String imageLayoutVersion) {
  public static final String VERSION = "1.0.0";
}
