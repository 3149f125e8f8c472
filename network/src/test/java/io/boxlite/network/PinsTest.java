package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PinsTest {
  private long now = Long.MAX_VALUE - 5; // nanoTime may overflow
  private final Pins pins = new Pins(() -> now);

  private void pass(long seconds) {
    now += Duration.ofSeconds(seconds).toNanos();
  }

  @Test
  void addressIsKnownForItsTimeAndAGrace() {
    pins.told("a.example", 1, Duration.ofSeconds(30));

    assertThat(pins.names(1)).containsExactly("a.example");
    assertThat(pins.names(2)).isEmpty();
    assertThat(pins.holds("b.example", 1)).isFalse();
    pass(89);
    assertThat(pins.holds("a.example", 1)).isTrue();
    pass(2);
    assertThat(pins.holds("a.example", 1)).isFalse();
    assertThat(pins.names(1)).isEmpty();
  }

  @Test
  void shorterAnswerDoesNotCutALongerOne() {
    pins.told("a.example", 1, Duration.ofSeconds(300));
    pins.told("a.example", 1, Duration.ZERO);
    pass(200);

    assertThat(pins.holds("a.example", 1)).isTrue();
  }

  @Test
  void addressStaysKnownWhileAConnectionUsesItAndNoLonger() {
    pins.told("a.example", 1, Duration.ZERO);
    pins.use("a.example", 1);
    pass(4000);
    assertThat(pins.holds("a.example", 1)).isTrue();

    pins.release("a.example", 1);
    assertThat(pins.holds("a.example", 1)).isFalse();
  }

  @Test
  void connectionsThatEndKeepNoAddress() {
    pins.told("a.example", 1, Duration.ofSeconds(5));
    for (int i = 0; i < 2; i++) {
      pins.use("a.example", 1);
      pass(30);
      pins.release("a.example", 1);
      assertThat(pins.holds("a.example", 1)).isTrue();
    }
    pass(6);
    assertThat(pins.holds("a.example", 1)).isFalse();
  }

  @Test
  void addressHasTheNamesThatWereToldLast() {
    for (int i = 0; i < 2 * Pins.MAX_NAMES; i++) {
      pins.told("n" + i + ".example", 1, Duration.ofSeconds(300));
      pins.told("first.example", 1, Duration.ofSeconds(300));
    }

    assertThat(pins.names(1)).hasSize(Pins.MAX_NAMES).startsWith("first.example", "n511.example");
    assertThat(pins.holds("n0.example", 1)).isFalse();
    assertThat(pins.holds("n511.example", 1)).isTrue();
  }

  @Test
  void boundedAndTheLastToldStay() {
    for (int i = 0; i < 3 * Pins.MAX; i++) {
      pins.told("n" + i + ".example", i % 100, Duration.ofSeconds(300));
    }

    int known = 0;
    for (int i = 0; i < 100; i++) {
      known += pins.names(i).size();
    }
    assertThat(known).isBetween(Pins.MAX / 2, Pins.MAX);
    int last = 3 * Pins.MAX - 1;
    assertThat(pins.holds("n" + last + ".example", last % 100)).isTrue();
  }
}
