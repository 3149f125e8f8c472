package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Measures what a VM uses of the host's CPUs at present: between two looks at its CPU time.
/// Thread-safe; who comes while another measures waits for that one's result.
final class CpuMeter {
  /// Shortest time between two looks. The kernel counts CPU time by 10 ms: more often would show
  /// little but that.
  static final Duration SHORTEST = Duration.ofMillis(250);

  /// Longest: what was before says nothing of the present.
  static final Duration LONGEST = Duration.ofSeconds(10);

  private final Supplier<Optional<VmUsage>> usage;
  private final CompletionStage<?> end;
  private @Nullable Look last;

  /// What a VM uses.
  ///
  /// @param usage at this moment
  /// @param percent of one CPU, over a short while before
  record Sample(VmUsage usage, double percent) {}

  /// A look at a VM, and what it showed of the time since the one before.
  private record Look(long nanos, VmUsage usage, double percent) {}

  CpuMeter(Vm vm) {
    this(vm::usage, vm.onExit());
  }

  CpuMeter(Supplier<Optional<VmUsage>> usage, CompletionStage<?> end) {
    this.usage = usage;
    this.end = end;
  }

  /// {@return what the VM uses, or empty when it has ended}
  synchronized Optional<Sample> measure() {
    Look before = last;
    if (before == null || age(before).compareTo(LONGEST) > 0) {
      Optional<Look> first = look(null);
      if (first.isEmpty()) {
        return Optional.empty();
      }
      before = first.get();
      awaitEnd();
    } else if (age(before).compareTo(SHORTEST) < 0) {
      double percent = before.percent();
      return usage.get().map(now -> new Sample(now, percent));
    }
    Optional<Look> now = look(before);
    last = now.orElse(null);
    return now.map(look -> new Sample(look.usage(), look.percent()));
  }

  private static Duration age(Look look) {
    return Duration.ofNanos(System.nanoTime() - look.nanos());
  }

  private Optional<Look> look(@Nullable Look before) {
    long nanos = System.nanoTime();
    return usage
        .get()
        .map(now -> new Look(nanos, now, before == null ? 0 : percent(before, now, nanos)));
  }

  private static double percent(Look before, VmUsage now, long nanos) {
    Duration used = now.cpuTime().minus(before.usage().cpuTime());
    return used.toNanos() * 100.0 / Math.max(1, nanos - before.nanos());
  }

  /// Waits as long as a measurement takes, or until the VM ends.
  private void awaitEnd() {
    try {
      end.toCompletableFuture().get(SHORTEST.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      // It goes on: as expected.
    } catch (ExecutionException _) {
      // It has ended, which the next look shows.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
