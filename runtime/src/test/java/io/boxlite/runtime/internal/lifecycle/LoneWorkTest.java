package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoneWorkTest {
  private final LoneWork work = new LoneWork();

  @Test
  void interruptOfWorkThatWasBrokenOffEndsWithIt() {
    work.begin();
    work.breakOff();
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
    work.end();
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void interruptThatIsMeantForSomethingElseIsKept() {
    work.begin();
    work.breakOff();
    work.end();
    work.breakOff(); // nobody works
    Thread.currentThread().interrupt();
    work.end();
    assertThat(Thread.interrupted()).isTrue();
  }
}
