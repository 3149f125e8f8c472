package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.RestartPolicy;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.RestartState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RestartsTest {
  private final HandClock clock = new HandClock();
  private final Restarts restarts = new Restarts(clock, this::restart);
  private final SynchronousQueue<Boolean> due = new SynchronousQueue<>();

  private static BoxRecord box(String policy, RestartState state) {
    BoxOptions options =
        BoxOptions.ofImage("i").detach(true).restart(RestartPolicy.parse(policy)).build();
    BoxRecord made = BoxRecord.create(options, Instant.EPOCH);
    return made.with(made.state().withRestarts(state));
  }

  private static BoxRecord left(BoxRecord box) {
    return box.with(box.state().failed("its VM died"));
  }

  private void restart() {
    try {
      due.put(restarts.isDue());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isRestarted(String policy, RestartState state, boolean failed) {
    restarts.runEnded(box(policy, state), failed);
    boolean pending = restarts.pending();
    restarts.cancel();
    return pending;
  }

  @Test
  void eachPolicyKnowsWhichEndsAreFollowedByARestart() {
    RestartState once = new RestartState(1, false);
    RestartState stopped = new RestartState(0, true);
    assertThat(isRestarted("no", once, true)).isFalse();
    assertThat(isRestarted("always", once, false)).isTrue();
    assertThat(isRestarted("always", stopped, false)).isTrue();
    assertThat(isRestarted("unless-stopped", once, false)).isTrue();
    assertThat(isRestarted("unless-stopped", stopped, true)).isFalse();
    assertThat(isRestarted("on-failure", new RestartState(99, false), true)).isTrue();
    assertThat(isRestarted("on-failure", once, false)).isFalse();
    assertThat(isRestarted("on-failure", stopped, true)).isFalse();
    assertThat(isRestarted("on-failure:2", once, true)).isTrue();
    assertThat(isRestarted("on-failure:2", new RestartState(2, false), true)).isFalse();
  }

  @Test
  void everyRestartWaitsTwiceAsLongAsTheOneBeforeUpToAMinute() throws Exception {
    BoxRecord box = box("always", RestartState.NONE);
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      restarts.runEnded(box, true);
      waits.add(clock.passSleep().toMillis());
      assertThat(due.take()).isTrue();
      restarts.runStarted();
      assertThat(restarts.pending()).isFalse();
      clock.advance(Restarts.GOOD_RUN.minusMillis(1));
    }
    assertThat(waits)
        .containsExactly(
            100L, 200L, 400L, 800L, 1600L, 3200L, 6400L, 12_800L, 25_600L, 51_200L, 60_000L,
            60_000L);
  }

  @Test
  void aRunOfTenSecondsOrAUserBeginsTheWaitsAnew() throws Exception {
    BoxRecord box = box("always", RestartState.NONE);
    restarts.runEnded(box, true);
    clock.passSleep();
    due.take();
    restarts.runStarted();
    clock.advance(Restarts.GOOD_RUN);
    restarts.runEnded(box, true);
    assertThat(clock.passSleep()).isEqualTo(Restarts.FIRST_DELAY);
    due.take();
    // That one failed, and so it goes on, until a user starts it.
    restarts.runEnded(box, true);
    assertThat(clock.awaitSleeper()).isEqualTo(Restarts.FIRST_DELAY.multipliedBy(2));
    restarts.cancel();
    clock.awaitSleepers(0);
    restarts.runStarted();
    restarts.runEnded(box, true);
    assertThat(clock.passSleep()).isEqualTo(Restarts.FIRST_DELAY);
    due.take();
  }

  @Test
  void aRestartThatIsCancelledDoesNotCome() throws Exception {
    restarts.runEnded(box("always", RestartState.NONE), true);
    assertThat(clock.awaitSleeper()).isEqualTo(Restarts.FIRST_DELAY);
    assertThat(restarts.pending()).isTrue();
    restarts.cancel();
    assertThat(restarts.pending()).isFalse();
    clock.awaitSleepers(0);
    clock.advance(Duration.ofHours(1));
    assertThat(due.poll()).isNull();
  }

  @Test
  void aRestartThatIsCancelledWhileItsTimeComesIsNotDue() throws Exception {
    AtomicReference<Restarts> cancelled = new AtomicReference<>();
    Restarts restarts =
        new Restarts(
            clock,
            () -> {
              try {
                due.put(true);
                new CountDownLatch(1).await(); // as if it waited for the lock here
              } catch (InterruptedException _) {
                var _ = due.offer(cancelled.get().isDue());
              }
            });
    cancelled.set(restarts);
    restarts.runEnded(box("always", RestartState.NONE), true);
    clock.passSleep();
    due.take();
    restarts.cancel();
    assertThat(restarts.pending()).isFalse();
    assertThat(due.take()).isFalse();
  }

  @Test
  void theNextSupervisorStartsDetachedBoxesAtOnce() throws Exception {
    restarts.found(left(box("always", new RestartState(3, true))));
    assertThat(due.take()).isTrue();
    restarts.cancel();

    restarts.found(left(box("unless-stopped", new RestartState(0, true))));
    assertThat(restarts.pending()).isFalse();

    BoxRecord attached =
        BoxRecord.create(
            BoxOptions.ofImage("i").restart(RestartPolicy.parse("always")).build(), Instant.EPOCH);
    restarts.found(left(attached));
    assertThat(restarts.pending()).isFalse();
  }
}
