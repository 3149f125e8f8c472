package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// What to pull, or to push. Immutable; its text shows no secret.
///
/// @param reference name of the image
/// @param platform `os/architecture` of what is pulled; absent: that of the server
/// @param registries entries for registries, see [RegistryMapping]
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record PullImageBody(
    @Nullable String reference, @Nullable String platform, @Nullable Object registries) {
  @Override
  public String toString() {
    return "PullImageBody[" + reference + "]";
  }
}
