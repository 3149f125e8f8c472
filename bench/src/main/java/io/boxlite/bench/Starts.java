package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.Execution;
import io.boxlite.api.StartOrigin;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// What benchmarks of starts share.
final class Starts {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private Starts() {}

  /// Opens a home in this process, with settings of its own.
  ///
  /// @param home made when missing; no process owns it
  /// @param settings environment variables on top of this process's
  /// @return the runtime, to be closed by the caller
  static Boxlite open(Path home, Map<String, String> settings) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.putAll(settings);
    return LocalBoxlite.tryOpen(home, RuntimeOptions.ofEnvironment(environment)).orElseThrow();
  }

  /// {@return how long it takes from creating a box to the first byte of its output, in ms}
  ///
  /// @param boxlite where
  /// @param options of the box; the command is set here
  /// @param origin where its VM must have come from
  static double firstByte(Boxlite boxlite, BoxOptions.Builder options, StartOrigin origin)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Box box = boxlite.create(options.cmd(List.of("echo", "first")).build());
    Execution main = box.attach();
    InputStream out = main.stdout();
    box.start();
    int first = out.read();
    double took = (System.nanoTime() - start) / 1e6;
    StartOrigin actual = box.metrics().boot().orElseThrow().origin();
    if (first != 'f' || main.waitFor().code() != 0 || actual != origin) {
      throw new IllegalStateException(
          "box " + box.id() + " did not print 'first', or is " + actual + ", not " + origin);
    }
    await("box " + box.id() + " stopped", () -> box.info().status() == BoxStatus.STOPPED);
    box.remove(false);
    return took;
  }

  /// Waits until something holds, so that what the one sample leaves behind does not meet the next.
  ///
  /// @param what for the message
  /// @param condition checked every 10 ms
  /// @throws IllegalStateException if it does not within five minutes
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("not within " + LIMIT.toSeconds() + " s: " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }
}
