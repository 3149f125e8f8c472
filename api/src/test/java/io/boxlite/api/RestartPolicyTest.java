package io.boxlite.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {
  @Test
  void policiesAreReadAsTheyAreWritten() {
    for (String text : List.of("no", "on-failure", "on-failure:7", "always", "unless-stopped")) {
      assertThat(RestartPolicy.parse(text)).hasToString(text);
    }
    for (String text :
        List.of("", "Always", "always:1", "on-failure:", "on-failure:x", "on-failure:-1")) {
      assertThatThrownBy(() -> RestartPolicy.parse(text)).isInstanceOf(ConfigException.class);
    }
  }

  @Test
  void boxThatRemovesItselfCannotBeStartedAgain() {
    assertThatThrownBy(() ->
            BoxOptions.ofImage("i")
                .autoRemove(true)
                .restart(RestartPolicy.of(RestartPolicy.Kind.ALWAYS))
                .build())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("remove-on-stop");
  }

  @Test
  void checkOfABoxGoesOverThatOfItsImagePieceByPiece() {
    HealthCheck image =
        new HealthCheck(
            List.of("CMD", "image"),
            Optional.of(Duration.ofSeconds(1)),
            Optional.of(Duration.ofSeconds(2)),
            Optional.empty(),
            Optional.of(3));
    HealthCheck box =
        new HealthCheck(
            List.of(),
            Optional.empty(),
            Optional.of(Duration.ofSeconds(9)),
            Optional.empty(),
            Optional.empty());
    HealthCheck both = box.over(image);
    assertThat(both.command()).containsExactly("image");
    assertThat(both.interval()).contains(Duration.ofSeconds(1));
    assertThat(both.timeout()).contains(Duration.ofSeconds(9));
    assertThat(both.retries()).contains(3);
    assertThat(HealthCheck.NONE.over(image).command()).isEmpty();
    assertThat(HealthCheck.ofShell("a b").command()).containsExactly("/bin/sh", "-c", "a b");
  }
}
