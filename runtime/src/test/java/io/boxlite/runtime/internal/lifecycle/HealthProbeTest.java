package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.HealthStatus.Probe;
import io.boxlite.api.HealthStatus.State;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HealthProbeTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private final HandClock clock = new HandClock();
  private final SynchronousQueue<Integer> results = new SynchronousQueue<>();
  private final Semaphore began = new Semaphore(0);
  private final Semaphore ended = new Semaphore(0);
  private volatile boolean ready = true;
  private volatile HealthProbe probe;

  private void start(Duration startPeriod) {
    HealthCheck check =
        new HealthCheck(
            List.of("CMD", "check", "it"),
            Optional.of(INTERVAL),
            Optional.empty(),
            Optional.of(startPeriod),
            Optional.of(2));
    probe = HealthProbe.start("b", check, clock, () -> ready, this::probe);
  }

  private Probe probe(List<String> command, Duration timeout) throws InterruptedException {
    assertThat(command).containsExactly("check", "it");
    assertThat(timeout).isEqualTo(HealthCheck.DEFAULT_TIMEOUT);
    began.release();
    try {
      return new Probe(clock.now(), clock.now(), results.take(), "");
    } catch (InterruptedException e) {
      ended.release();
      throw e;
    }
  }

  @AfterEach
  void close() throws Exception {
    probe.close();
    clock.awaitSleepers(0);
  }

  private void answer(int exitCode) throws InterruptedException {
    assertThat(results.offer(exitCode, 10, TimeUnit.SECONDS)).isTrue();
  }

  /// One round; when it returns its result counts.
  private HealthStatus comesTo(int exitCode) throws InterruptedException {
    assertThat(clock.passSleep()).isEqualTo(INTERVAL);
    answer(exitCode);
    clock.awaitSleepers(1);
    return probe.status();
  }

  @Test
  void isUnhealthyAfterFailuresInARowAndBackAfterOneSuccess() throws Exception {
    start(Duration.ZERO);
    assertThat(probe.status()).isEqualTo(new HealthStatus(State.STARTING, 0, List.of()));
    assertThat(comesTo(1).state()).isEqualTo(State.STARTING);
    assertThat(comesTo(0).state()).isEqualTo(State.HEALTHY);
    HealthStatus once = comesTo(7);
    assertThat(once.state()).isEqualTo(State.HEALTHY);
    assertThat(once.failures()).isEqualTo(1);
    assertThat(comesTo(-1).state()).isEqualTo(State.UNHEALTHY);
    assertThat(comesTo(1).failures()).isEqualTo(3);
    HealthStatus back = comesTo(0);
    assertThat(back.state()).isEqualTo(State.HEALTHY);
    assertThat(back.failures()).isZero();
    assertThat(back.log()).extracting(Probe::exitCode).containsExactly(0, 7, -1, 1, 0);
  }

  @Test
  void failuresOfTheStartPeriodDoNotCountUntilItHasOnceWorked() throws Exception {
    start(INTERVAL.multipliedBy(4));
    comesTo(1);
    comesTo(1);
    HealthStatus patient = comesTo(1);
    assertThat(patient.state()).isEqualTo(State.STARTING);
    assertThat(patient.failures()).isZero();
    assertThat(patient.log()).hasSize(3);
    assertThat(comesTo(1).failures()).isEqualTo(1);
    assertThat(comesTo(1).state()).isEqualTo(State.UNHEALTHY);
  }

  @Test
  void aSuccessEndsTheStartPeriod() throws Exception {
    start(INTERVAL.multipliedBy(100));
    comesTo(0);
    comesTo(1);
    assertThat(comesTo(1).state()).isEqualTo(State.UNHEALTHY);
  }

  @Test
  void aBoxThatStandsStillIsNotProbedAndWhatItInterruptedDoesNotCount() throws Exception {
    start(Duration.ZERO);
    ready = false;
    clock.passSleep();
    clock.awaitSleepers(1);
    ready = true;
    clock.passSleep();
    began.acquire();
    ready = false;
    answer(1);
    clock.awaitSleepers(1);
    assertThat(probe.status().log()).isEmpty();
  }

  @Test
  void endsWithTheRunAlsoInTheMidstOfAProbe() throws Exception {
    start(Duration.ZERO);
    clock.passSleep();
    began.acquire();
    probe.close();
    assertThat(ended.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
  }
}
