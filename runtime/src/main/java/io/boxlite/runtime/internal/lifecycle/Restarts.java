package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.RestartPolicy;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.RestartState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// When a box is started again by itself. Times are Docker's: 100 ms before the first restart,
/// twice as long before each next, at most a minute; after a run of 10 s from the beginning.
///
/// Whoever calls holds the box's lock, but for [#pending()].
final class Restarts {
  static final Duration FIRST_DELAY = Duration.ofMillis(100);
  static final Duration MAX_DELAY = Duration.ofMinutes(1);

  /// A run as long as this was a good one.
  static final Duration GOOD_RUN = Duration.ofSeconds(10);

  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private final Timing timing;
  private final Runnable restart;
  private Duration delay = Duration.ZERO;
  private Optional<Instant> runningSince = Optional.empty();
  private volatile @Nullable Thread waiting;

  /// @param timing of the waits
  /// @param restart starts the box if [#isDue()]; called on a thread of its own, without the lock
  Restarts(Timing timing, Runnable restart) {
    this.timing = timing;
    this.restart = restart;
  }

  /// {@return whether the box waits to be started again, or just is}
  boolean pending() {
    return waiting != null;
  }

  /// A user starts or stops the box: what was to come does not.
  void cancel() {
    delay = Duration.ZERO;
    over();
  }

  /// The box does not wait any more.
  private void over() {
    Thread thread = waiting;
    waiting = null;
    if (thread != null && thread != Thread.currentThread()) {
      thread.interrupt();
    }
  }

  /// The main command runs.
  void runStarted() {
    runningSince = Optional.of(timing.now());
    over();
  }

  /// A run has ended, and no user wanted it. Comes before the new state is told, so that nobody
  /// sees the box at rest in between.
  ///
  /// @param box its record
  /// @param failed whether that was a failure
  void runEnded(BoxRecord box, boolean failed) {
    boolean good =
        runningSince.filter(since -> !timing.now().isBefore(since.plus(GOOD_RUN))).isPresent();
    runningSince = Optional.empty();
    over();
    if (good) {
      delay = Duration.ZERO;
    }
    if (wants(box, failed)) {
      delay = next(delay);
      restartIn(box, delay);
    }
  }

  /// A start has failed: one of a user is told to that user, one of this thread is tried again.
  ///
  /// @param box its record
  void startFailed(BoxRecord box) {
    if (isDue()) {
      runEnded(box, true);
    }
  }

  /// An earlier supervisor has left the box without a run.
  ///
  /// @param box its record
  void found(BoxRecord box) {
    BoxStatus status = box.state().status();
    boolean failed = status == BoxStatus.FAILED || box.state().exitCode().orElse(0) != 0;
    // One that belonged to a program has gone with it.
    if (status != BoxStatus.CONFIGURED && box.options().detach() && wants(box, failed)) {
      restartIn(box, Duration.ZERO);
    }
  }

  private static Duration next(Duration last) {
    Duration twice = last.isZero() ? FIRST_DELAY : last.multipliedBy(2);
    return twice.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : twice;
  }

  private static boolean wants(BoxRecord box, boolean failed) {
    RestartPolicy policy = box.options().restart();
    RestartState state = box.state().restarts();
    return switch (policy.kind()) {
      case NO -> false;
      case ALWAYS -> true;
      case UNLESS_STOPPED -> !state.stoppedByUser();
      case ON_FAILURE ->
          failed
              && !state.stoppedByUser()
              && (policy.maxRetries() == 0 || state.count() < policy.maxRetries());
    };
  }

  private void restartIn(BoxRecord box, Duration time) {
    Thread thread =
        Thread.ofVirtual()
            .name("restart-" + box.id())
            .unstarted(() -> {
              try {
                timing.sleep(time);
                restart.run();
              } catch (InterruptedException _) {
                // It shall not be started any more.
              } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "box {0}, restart: {1}", box.id(), e);
              }
            });
    waiting = thread;
    thread.start();
  }

  /// {@return whether the calling thread is the one that shall start the box now}
  boolean isDue() {
    return waiting == Thread.currentThread();
  }
}
