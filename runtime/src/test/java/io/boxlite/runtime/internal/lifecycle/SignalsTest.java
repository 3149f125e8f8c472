package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignalsTest {
  @ParameterizedTest
  @CsvSource({
    "'',15",
    "SIGTERM,15",
    "term,15",
    "SIGQUIT,3",
    "9,9",
    "SIGRTMIN,34",
    "SIGRTMIN+3,37",
    "64,64"
  })
  void readsEverySpellingThatImagesUse(String text, int number) {
    assertThat(Signals.parse(text)).isEqualTo(number);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SIGNOPE", "0", "65", "-9", "9x", "RTMIN+99", "999999999999"})
  void refusesWhatIsNoSignal(String text) {
    assertThatThrownBy(() -> Signals.parse(text))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
