package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.Execution;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.vmm.VmUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

  /// {@return the figures}
  ///
  /// @param cpu measures the VM, while there is one
  /// @param network what its network has moved, while it has one
  /// @param disk the box's own, which may not be there yet
  BoxMetrics toMetrics(Optional<CpuMeter> cpu, Optional<NetworkMetrics> network, Path disk) {
    Optional<CpuMeter.Sample> sample = cpu.flatMap(CpuMeter::measure);
    Optional<VmUsage> usage = sample.map(CpuMeter.Sample::usage);
    return new BoxMetrics(
        commands.sum(),
        execErrors.sum(),
        usage.map(VmUsage::cpuTime),
        sample.map(s -> OptionalDouble.of(s.percent())).orElse(OptionalDouble.empty()),
        usage.map(u -> OptionalLong.of(u.residentBytes())).orElse(OptionalLong.empty()),
        size(disk),
        network,
        boot());
  }

  /// The file is thin and grows by what is written: its size is what it takes.
  private static OptionalLong size(Path disk) {
    try {
      return OptionalLong.of(Files.size(disk));
    } catch (IOException _) {
      return OptionalLong.empty();
    }
  }
}
