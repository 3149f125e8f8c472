package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.Execution;
import io.boxlite.vmm.VmUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What is counted and measured of one box, for it and for its runtime. Thread-safe.
final class BoxFigures {
  private final Counters runtime;
  private final LongAdder commands = new LongAdder();
  private final LongAdder execErrors = new LongAdder();
  private volatile @Nullable BootTiming timing;

  BoxFigures(Counters runtime) {
    this.runtime = runtime;
  }

  /// Starts a command, and counts it.
  Execution counted(Supplier<Execution> start) {
    commands.increment();
    runtime.commandsExecuted.increment();
    try {
      return start.get();
    } catch (RuntimeException e) {
      execErrors.increment();
      runtime.execErrors.increment();
      throw e;
    }
  }

  void booted(BootTiming boot) {
    timing = boot;
  }

  /// The main command runs: the last stage of the start is over.
  void initStarted(Duration took) {
    BootTiming before = timing;
    if (before != null) {
      timing =
          new BootTiming(
              before.origin(),
              before.total().plus(took),
              before.imagePrepare(),
              before.filesystemSetup(),
              before.boxConfig(),
              before.boxSpawn(),
              before.guestBoot(),
              before.containerInit().plus(took));
    }
  }

  Optional<BootTiming> boot() {
    return Optional.ofNullable(timing);
  }

  BoxMetrics toMetrics(Optional<VmUsage> usage, Instant runningSince) {
    return new BoxMetrics(
        commands.sum(),
        execErrors.sum(),
        usage.map(VmUsage::cpuTime),
        usage.map(u -> cpuPercent(u, runningSince)).orElse(OptionalDouble.empty()),
        usage.map(u -> OptionalLong.of(u.residentBytes())).orElse(OptionalLong.empty()),
        boot());
  }

  private static OptionalDouble cpuPercent(VmUsage usage, Instant since) {
    double seconds = Duration.between(since, Instant.now()).toNanos() / 1e9;
    return seconds <= 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(usage.cpuTime().toNanos() / 1e7 / seconds);
  }
}
