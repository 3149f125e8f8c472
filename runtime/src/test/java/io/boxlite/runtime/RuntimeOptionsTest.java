package io.boxlite.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuntimeOptionsTest {
  private static RuntimeOptions options(String... variable) {
    Map<String, String> environment = new HashMap<>(Map.of("BOXLITE_DIST", "/dist"));
    for (int i = 0; i < variable.length; i += 2) {
      environment.put(variable[i], variable[i + 1]);
    }
    return RuntimeOptions.ofEnvironment(environment);
  }

  @Test
  void byDefaultTemplatesAreUsedAndTheRuntimeSizesTheWarmPool() {
    assertThat(options().templates()).isTrue();
    assertThat(options().warmPool()).isEmpty();
    assertThat(options("BOXLITE_WARM_POOL", "auto").warmPool()).isEmpty();
  }

  @Test
  void theWarmPoolMayBeLimitedAndTemplatesSwitchedOff() {
    assertThat(options("BOXLITE_WARM_POOL", "0").warmPool()).isEqualTo(OptionalInt.of(0));
    assertThat(options("BOXLITE_WARM_POOL", "16").warmPool()).isEqualTo(OptionalInt.of(16));
    assertThat(options("BOXLITE_TEMPLATES", "off").templates()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "BOXLITE_WARM_POOL, 17",
    "BOXLITE_WARM_POOL, -1",
    "BOXLITE_WARM_POOL, many",
    "BOXLITE_TEMPLATES, no",
    "BOXLITE_ACCEL, hvf",
    "BOXLITE_BOOT_TIMEOUT_SECONDS, 0",
    "BOXLITE_KERNEL, relative",
  })
  void anInvalidVariableIsNamed(String name, String value) {
    assertThatThrownBy(() -> options(name, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(name)
        .hasMessageContaining(value);
  }
}
