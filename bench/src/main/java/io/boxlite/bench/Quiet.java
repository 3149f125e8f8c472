package io.boxlite.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// Waits until what the sample before has left behind is done, such as a pool that fills again.
/// Source: `/proc/stat`, proc(5).
final class Quiet {
  private static final Duration WINDOW = Duration.ofMillis(200);
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final double BUSY = 0.1;
  private static final int IDLE_FIELD = 4;
  private static final int IO_WAIT_FIELD = 5;

  private Quiet() {}

  /// Waits until the host's CPUs were idle, but for a tenth, for some time; or not longer than the
  /// limit, since somebody else may use the machine.
  static void await() throws IOException {
    long end = System.nanoTime() + LIMIT.toNanos();
    double busy = 1;
    while (busy > BUSY && System.nanoTime() < end) {
      long[] before = ticks();
      LockSupport.parkNanos(WINDOW.toNanos());
      long[] after = ticks();
      long all = after[0] - before[0];
      busy = all == 0 ? 0 : 1 - (double) (after[1] - before[1]) / all;
    }
  }

  /// {@return ticks of all CPUs: all, and idle}
  private static long[] ticks() throws IOException {
    String line = Files.readAllLines(Path.of("/proc/stat")).getFirst();
    String[] fields = line.strip().split("\\s+", -1);
    long all = 0;
    for (int i = 1; i < fields.length; i++) {
      all += Long.parseLong(fields[i]);
    }
    return new long[] {
      all, Long.parseLong(fields[IDLE_FIELD]) + Long.parseLong(fields[IO_WAIT_FIELD])
    };
  }
}
