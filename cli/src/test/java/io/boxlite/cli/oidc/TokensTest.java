package io.boxlite.cli.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.NetworkException;
import io.boxlite.rest.JsonCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
  private static Tokens of(String more) {
    String json = "{\"token_type\":\"Bearer\",\"access_token\":\"secret\"" + more + "}";
    Object tree = JsonCodec.readTree(json.getBytes(StandardCharsets.UTF_8));
    return Tokens.of("https://o.test", (Map<?, ?>) tree);
  }

  @Test
  void theEndIsThatOfTheAnswer() {
    Instant before = Instant.now();
    assertThat(of(",\"expires_in\":60").expiresAt().orElseThrow())
        .isBetween(before.plusSeconds(60), Instant.now().plusSeconds(60));
    assertThat(of(",\"expires_in\":1e300").expiresAt().orElseThrow())
        .isBefore(Instant.now().plus(Duration.ofDays(3651)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "0", "null", "\"60\"", "[]", "{}", "true"})
  void anEndThatMakesNoSenseIsNone(String end) {
    assertThat(of(",\"expires_in\":" + end).expiresAt()).isEmpty();
  }

  @Test
  void whatIsNoTokenIsLeftOut() {
    assertThat(of(",\"refresh_token\":\"a b\"").refresh()).isEmpty();
    assertThat(of(",\"refresh_token\":{}").refresh()).isEmpty();
    assertThat(of(",\"refresh_token\":\"r\"").refresh()).contains("r");
    assertThatThrownBy(() -> Tokens.of("https://o.test", Map.of("access_token", "x")))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("no bearer token");
  }

  @Test
  void itsTextShowsNoSecret() {
    assertThat(of(",\"refresh_token\":\"secret\"").toString()).doesNotContain("secret");
  }
}
