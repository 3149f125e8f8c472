package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.boxlite.vmm.VmUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CpuMeterTest {
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private final AtomicInteger looks = new AtomicInteger();

  /// As a VM that keeps half a CPU busy.
  private Optional<VmUsage> half() {
    looks.incrementAndGet();
    return end.isDone()
        ? Optional.empty()
        : Optional.of(new VmUsage(Duration.ofNanos(System.nanoTime()).dividedBy(2), 4096));
  }

  @Test
  void firstMeasurementTakesAShortWhileAndShowsThePresent() {
    CpuMeter.Sample sample = new CpuMeter(this::half, end).measure().orElseThrow();
    assertThat(sample.percent()).isCloseTo(50, offset(2.0));
    assertThat(sample.usage().residentBytes()).isEqualTo(4096);
    assertThat(looks).hasValue(2);
  }

  @Test
  void measurementThatFollowsTooSoonHasTheSamePercentAndFreshFigures() {
    CpuMeter meter = new CpuMeter(this::half, end);
    CpuMeter.Sample first = meter.measure().orElseThrow();
    CpuMeter.Sample second = meter.measure().orElseThrow();
    assertThat(second.percent()).isEqualTo(first.percent());
    assertThat(second.usage().cpuTime()).isGreaterThan(first.usage().cpuTime());
  }

  @Test
  void vmThatHasEndedUsesNothing() {
    end.complete(null);
    assertThat(new CpuMeter(this::half, end).measure()).isEmpty();
  }

  @Test
  void vmThatEndsMeanwhileIsNotWaitedFor() {
    CpuMeter meter =
        new CpuMeter(
            () -> {
              Optional<VmUsage> usage = half();
              end.complete(null); // right after the first look
              return usage;
            },
            end);
    assertThat(meter.measure()).isEmpty();
    assertThat(looks).hasValue(2);
  }
}
