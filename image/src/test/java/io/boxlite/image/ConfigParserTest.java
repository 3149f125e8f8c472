package io.boxlite.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.HealthCheck;
import io.boxlite.image.internal.oci.Config;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfigParserTest {
  private static Optional<HealthCheck> check(List<String> test, long interval, int retries) {
    Config.HealthConfig said = new Config.HealthConfig(test, interval, 0, 0, retries);
    Config.RunConfig process =
        new Config.RunConfig(null, null, null, null, null, null, null, null, null, said);
    Config.RootFs layers = new Config.RootFs("layers", List.of());
    return ConfigParser.parse(new Config(null, null, "amd64", "linux", process, layers, List.of()))
        .healthCheck();
  }

  @Test
  void healthCheckOfAnImageIsReadAndWhatItLeavesOutIsEmpty() {
    assertThat(check(List.of("CMD", "x"), 1_500_000_000L, 0))
        .contains(
            new HealthCheck(
                List.of("CMD", "x"),
                Optional.of(Duration.ofMillis(1500)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void healthCheckThatCannotBeIsAsIfThereWereNone() {
    assertThat(check(List.of("EXEC", "x"), 0, 0)).isEmpty();
    assertThat(check(List.of("CMD"), 0, 0)).isEmpty();
    assertThat(check(List.of("CMD", "a\0b"), 0, 0)).isEmpty();
    assertThat(check(List.of("CMD", "x"), -5, 0)).isEmpty();
    assertThat(check(List.of("CMD", "x"), Long.MAX_VALUE, 0)).isEmpty();
    assertThat(check(List.of("CMD", "x"), 0, -1)).isEmpty();
  }
}
