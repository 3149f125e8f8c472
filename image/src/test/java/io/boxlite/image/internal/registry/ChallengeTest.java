package io.boxlite.image.internal.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChallengeTest {
  @Test
  void severalChallengesOfOneHeaderAreTold() {
    assertThat(
            Challenge.parse(
                List.of(
                    "Negotiate, NTLM abc==, Basic realm=\"a, \\\"b\\\"\", BEARER"
                        + " realm=https://x/token,service=\"s\" , scope=\"r:a:pull,push\"")))
        .containsExactly(
            new Challenge("negotiate", Map.of()),
            new Challenge("ntlm", Map.of()),
            new Challenge("basic", Map.of("realm", "a, \"b\"")),
            new Challenge(
                "bearer",
                Map.of("realm", "https://x/token", "service", "s", "scope", "r:a:pull,push")));
  }

  @Test
  void malformedHeadersEnd() {
    for (String header :
        List.of("", ",,,", "=", "a=b=c", "Bearer realm=\"", "Bearer \"x\"", "\"")) {
      assertThat(Challenge.parse(List.of(header))).hasSizeLessThan(3);
    }
  }
}
