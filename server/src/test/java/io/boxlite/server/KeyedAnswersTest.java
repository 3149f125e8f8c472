package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyedAnswersTest {
  private static final byte[] PRINT = {1, 2, 3};
  private static final KeyedAnswers.Answer ANSWER =
      new KeyedAnswers.Answer(201, Optional.of("/v1/x"), new byte[] {'{', '}'});

  @TempDir Path home;

  private KeyedAnswers at(Duration offset) {
    Clock clock = Clock.offset(Clock.system(ZoneOffset.UTC), offset);
    return new KeyedAnswers(home.resolve("answers"), clock, 2);
  }

  @Test
  void anAnswerIsKeptForItsLifetime() {
    KeyedAnswers now = at(Duration.ZERO);
    assertThat(now.find("a")).isEmpty();
    assertThat(now.begin("a", PRINT)).isTrue();
    assertThat(now.find("a").orElseThrow().answer()).isEmpty();
    now.end("a", PRINT, ANSWER);
    KeyedAnswers.Entry kept = at(KeyedAnswers.LIFETIME.minusMinutes(1)).find("a").orElseThrow();
    assertThat(kept.isOf(PRINT)).isTrue();
    assertThat(kept.isOf(new byte[] {1})).isFalse();
    assertThat(kept.answer()).usingRecursiveComparison().isEqualTo(Optional.of(ANSWER));
    assertThat(at(KeyedAnswers.LIFETIME).find("a")).isEmpty();
  }

  @Test
  void whatALossOfPowerLeftOfAnAnswerIsNone() throws Exception {
    KeyedAnswers answers = at(Duration.ZERO);
    answers.begin("a", PRINT);
    answers.end("a", PRINT, ANSWER);
    Path file = home.resolve("answers/a");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(answers.find("a")).as("%d bytes", length).isEmpty();
    }
  }

  @Test
  void thereIsRoomForSoManyUntilTheirTimeIsOver() {
    KeyedAnswers now = at(Duration.ZERO);
    assertThat(now.begin("a", PRINT)).isTrue();
    assertThat(now.begin("b", PRINT)).isTrue();
    assertThat(now.begin("c", PRINT)).isFalse();
    now.forget("b");
    assertThat(now.begin("c", PRINT)).isTrue();
    assertThat(at(Duration.ZERO).begin("d", PRINT)).isFalse();
    assertThat(at(KeyedAnswers.LIFETIME).begin("d", PRINT)).isTrue();
    assertThat(home.resolve("answers")).isDirectoryNotContaining("glob:**/a");
  }
}
