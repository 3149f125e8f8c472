package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.HealthStatus.Probe;
import io.boxlite.api.HealthStatus.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Probes one run of a box, one probe at a time, on a thread of its own, until it is closed.
/// Thread-safe.
final class HealthProbe implements AutoCloseable {
  /// Runs the command of a check once.
  interface Prober {
    /// Runs it.
    ///
    /// @param command program and arguments
    /// @param timeout after which it is killed
    /// @return what it came to
    /// @throws InterruptedException if the probing is over
    Probe probe(List<String> command, Duration timeout) throws InterruptedException;
  }

  private final HealthCheck check;
  private final Timing timing;
  private final Instant countsFrom;
  private final BooleanSupplier ready;
  private final Prober prober;
  private final Thread thread;
  private volatile HealthStatus status = new HealthStatus(State.STARTING, 0, List.of());

  private HealthProbe(
      String boxId, HealthCheck check, Timing timing, BooleanSupplier ready, Prober prober) {
    this.check = check;
    this.timing = timing;
    this.countsFrom = timing.now().plus(check.startPeriod().orElse(Duration.ZERO));
    this.ready = ready;
    this.prober = prober;
    this.thread = Thread.ofVirtual().name("health-" + boxId).unstarted(this::watch);
  }

  /// Begins to probe.
  ///
  /// @param boxId of the box
  /// @param check with a command
  /// @param timing of the thread
  /// @param ready whether the box can be probed now; what a probe came to does not count otherwise
  /// @param prober runs the command
  static HealthProbe start(
      String boxId, HealthCheck check, Timing timing, BooleanSupplier ready, Prober prober) {
    HealthProbe probe = new HealthProbe(boxId, check, timing, ready, prober);
    probe.thread.start();
    return probe;
  }

  HealthStatus status() {
    return status;
  }

  private void watch() {
    Duration interval = check.interval().orElse(HealthCheck.DEFAULT_INTERVAL);
    Duration timeout = check.timeout().orElse(HealthCheck.DEFAULT_TIMEOUT);
    try {
      while (true) {
        timing.sleep(interval);
        if (ready.getAsBoolean()) {
          Probe probe = prober.probe(check.command(), timeout);
          if (ready.getAsBoolean()) {
            status = judged(status, probe);
          }
        }
      }
    } catch (InterruptedException _) {
      // The run is over.
    }
  }

  private HealthStatus judged(HealthStatus before, Probe probe) {
    List<Probe> log = new ArrayList<>(before.log());
    log.add(probe);
    if (log.size() > HealthStatus.MAX_LOG) {
      log.removeFirst();
    }
    if (probe.exitCode() == 0) {
      return new HealthStatus(State.HEALTHY, 0, log);
    }
    // It is given time to come up, but only until it has.
    if (before.state() == State.STARTING && probe.start().isBefore(countsFrom)) {
      return new HealthStatus(State.STARTING, before.failures(), log);
    }
    int failures = before.failures() + 1;
    boolean tooMany = failures >= check.retries().orElse(HealthCheck.DEFAULT_RETRIES);
    return new HealthStatus(tooMany ? State.UNHEALTHY : before.state(), failures, log);
  }

  /// Ends the probing; does not wait for it.
  @Override
  public void close() {
    thread.interrupt();
  }
}
