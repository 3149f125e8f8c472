package io.boxlite.runtime.internal.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.EngineException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BootGateTest {
  private static final int TURNS = Math.max(2, Runtime.getRuntime().availableProcessors());

  private final BootGate gate = new BootGate();
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch leave = new CountDownLatch(1);
  private final List<Thread> waiting = new ArrayList<>();

  @AfterEach
  void end() throws InterruptedException {
    leave.countDown();
    for (Thread thread : waiting) {
      thread.interrupt();
      thread.join();
    }
  }

  private void inBackground(boolean whenIdle) {
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try (BootGate.Turn _ = whenIdle ? gate.enterWhenIdle() : gate.enter()) {
                entered.countDown();
                leave.await();
              } catch (InterruptedException | EngineException e) {
                // The test is over.
              }
            });
    waiting.add(thread);
  }

  private void awaitThatItWaits() {
    Instant deadline = Instant.now().plusSeconds(20);
    while (waiting.getLast().getState() != Thread.State.WAITING) {
      assertThat(Instant.now()).isBefore(deadline);
      Thread.onSpinWait();
    }
    assertThat(entered.getCount()).isEqualTo(1);
  }

  private void assertEnters() throws InterruptedException {
    assertThat(entered.await(20, TimeUnit.SECONDS)).isTrue();
  }

  private List<BootGate.Turn> fill() {
    List<BootGate.Turn> turns = new ArrayList<>();
    for (int i = 0; i < TURNS; i++) {
      turns.add(gate.enter());
    }
    return turns;
  }

  @Test
  void oneMoreThanThereAreCpusWaitsForATurn() throws InterruptedException {
    List<BootGate.Turn> turns = fill();
    inBackground(false);
    awaitThatItWaits();
    turns.getFirst().close();
    assertEnters();
  }

  @Test
  void workThatIsNotUrgentWaitsForTheLastBoot() throws InterruptedException {
    BootGate.Turn first = gate.enter();
    BootGate.Turn second = gate.enter();
    inBackground(true);
    awaitThatItWaits();
    first.close();
    awaitThatItWaits();
    second.close();
    assertEnters();
  }

  @Test
  void othersBootBesideWorkThatIsNotUrgent() throws InterruptedException {
    inBackground(true);
    assertEnters();
    for (int i = 1; i < TURNS; i++) {
      gate.enter();
    }
    leave.countDown();
    gate.enter().close();
  }

  @Test
  void anInterruptEndsTheWaitAndTakesNoTurn() {
    List<BootGate.Turn> turns = fill();
    Thread.currentThread().interrupt();
    assertThatThrownBy(gate::enter)
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo("interrupted"));
    assertThat(Thread.interrupted()).isTrue();
    turns.forEach(BootGate.Turn::close);
    assertThat(fill()).hasSize(TURNS);
  }
}
