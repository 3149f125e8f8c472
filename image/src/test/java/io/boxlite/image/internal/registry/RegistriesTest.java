package io.boxlite.image.internal.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.ImageRegistry;
import io.boxlite.image.ImageReference;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RegistriesTest {
  @Test
  void nameWithoutRegistryIsLookedForWhereSearchIsSet() {
    try (Registries registries =
        new Registries(Map.of(), List.of(ImageRegistry.searched("second.example")))) {
      List<ImageRegistry> first = List.of(ImageRegistry.searched("first:5000"));
      assertThat(registries.candidates("alpine:3", first))
          .map(ImageReference::toString)
          .containsExactly(
              "first:5000/alpine:3", "second.example/alpine:3", "docker.io/library/alpine:3");
      assertThat(registries.candidates("library/alpine", List.of()))
          .map(ImageReference::toString)
          .containsExactly(
              "second.example/library/alpine:latest", "docker.io/library/alpine:latest");
    }
  }

  @Test
  void nameWithRegistryIsOnlyLookedForThere() {
    try (Registries registries =
        new Registries(Map.of(), List.of(ImageRegistry.searched("second.example")))) {
      assertThat(registries.candidates("docker.io/alpine", List.of()))
          .map(ImageReference::toString)
          .containsExactly("docker.io/library/alpine:latest");
      assertThat(registries.candidates("ghcr.io/a/b", List.of()))
          .map(ImageReference::toString)
          .containsExactly("ghcr.io/a/b:latest");
    }
  }
}
