package io.boxlite.image.internal.oci;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One image in the `manifest.json` of a `docker save` (moby `image/spec/v1.2.md`).
@Json
public record DockerImage(
    @Json.Property("Config") @Nullable String config,
    @Json.Property("RepoTags") @Nullable List<String> repoTags,
    @Json.Property("Layers") @Nullable List<String> layers) {}
