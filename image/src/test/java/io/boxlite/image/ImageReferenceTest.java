package io.boxlite.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageReferenceTest {
  @ParameterizedTest
  @CsvSource({
    "base,docker.io/library/base:latest",
    "alpine:3.20,docker.io/library/alpine:3.20",
    "owner/app,docker.io/owner/app:latest",
    "index.docker.io/alpine,docker.io/library/alpine:latest",
    "localhost/app,localhost/app:latest",
    "localhost:5000/a/b:1,localhost:5000/a/b:1",
    "ghcr.io/o/a__b-c.d:V_1,ghcr.io/o/a__b-c.d:V_1",
    "[::1]:5000/app,[::1]:5000/app:latest",
  })
  void completesAsDockerDoes(String text, String full) {
    assertThat(ImageReference.parse(text)).hasToString(full);
    assertThat(ImageReference.parse(full)).isEqualTo(ImageReference.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Upper",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a:b:c",
        "http://x/y",
        "a b",
        "a@sha256:12",
        "-a",
        "a:-x",
        "a..b",
        "x.io/",
        "a\nb"
      })
  void refusesWhatIsMalformed(String text) {
    assertThatThrownBy(() -> ImageReference.parse(text))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("invalid image reference '" + text + "'");
  }
}
