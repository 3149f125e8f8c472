package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.HealthStatus.Probe;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Probes by executing in the box. Such commands are not counted as the user's, and are forgotten
/// when they have ended. Confined to the thread of the probes.
final class ProbeExec implements HealthProbe.Prober {
  /// The agent ends what takes too long; one that does not is not waited for.
  private static final Duration AGENT_LATE = Duration.ofSeconds(5);

  /// For output that is still on its way when the command has ended.
  private static final Duration OUTPUT_LATE = Duration.ofSeconds(1);

  private final RunningBox run;
  private final Timing timing;

  /// A probe that could not be ended: no other is begun beside it.
  private @Nullable Execution stuck;

  private ProbeExec(RunningBox run, Timing timing) {
    this.run = run;
    this.timing = timing;
  }

  /// Begins to probe a run, if its box or its image has a check.
  ///
  /// @param context of the runtime
  /// @param box its record
  /// @param run which
  /// @param ready whether it can be probed now
  static void watch(BoxContext context, BoxRecord box, RunningBox run, BooleanSupplier ready) {
    Optional<HealthCheck> said = box.options().healthCheck();
    Optional<HealthCheck> image =
        said.filter(HealthCheck.NONE::equals).isPresent()
            ? Optional.empty()
            : context.image(box).config().healthCheck();
    Optional<HealthCheck> check =
        said.map(own -> image.map(own::over).orElse(own))
            .or(() -> image)
            .filter(found -> !found.command().isEmpty());
    if (check.isPresent()) {
      run.watch(
          HealthProbe.start(
              box.id(),
              check.get(),
              context.timing(),
              ready,
              new ProbeExec(run, context.timing())));
    }
  }

  @Override
  public Probe probe(List<String> command, Duration timeout) throws InterruptedException {
    Instant start = timing.now();
    try {
      Execution before = stuck;
      if (before != null) {
        if (before.waitFor(Duration.ZERO).isEmpty()) {
          return failed(start, "the health check before cannot be ended");
        }
        run.forget(before);
        stuck = null;
      }
      Execution execution =
          run.exec(ExecOptions.builder(command.toArray(String[]::new)).timeout(timeout).build());
      try (Output output = new Output(execution)) {
        return ended(start, execution, output, timeout);
      }
    } catch (BoxliteException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return failed(start, String.valueOf(e.getMessage()));
    }
  }

  private Probe ended(Instant start, Execution execution, Output output, Duration timeout)
      throws InterruptedException {
    Optional<ExitStatus> exit = execution.waitFor(timeout.plus(AGENT_LATE));
    if (exit.isEmpty()) {
      stuck = execution;
      execution.kill();
    } else {
      run.forget(execution);
    }
    if (exit.isEmpty() || exit.get().timedOut()) {
      return failed(start, "health check exceeded its timeout of " + timeout.toMillis() + " ms");
    }
    return new Probe(start, timing.now(), exit.get().shellCode(), output.text());
  }

  private Probe failed(Instant start, String why) {
    String text =
        why.length() <= HealthStatus.MAX_OUTPUT_BYTES
            ? why
            : why.substring(0, HealthStatus.MAX_OUTPUT_BYTES);
    return new Probe(start, timing.now(), -1, text);
  }

  /// The beginning of both streams; what is beyond is read and dropped.
  private static final class Output implements AutoCloseable {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final List<InputStream> streams;
    private final List<Thread> readers;

    Output(Execution execution) {
      streams = List.of(execution.stdout(), execution.stderr());
      readers =
          streams.stream()
              .map(stream -> Thread.ofVirtual().name("health-output").start(() -> drain(stream)))
              .toList();
    }

    private void drain(InputStream stream) {
      byte[] buffer = new byte[HealthStatus.MAX_OUTPUT_BYTES];
      try {
        for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
          keep(buffer, count);
        }
      } catch (IOException _) {
        // What came is what there is.
      }
    }

    private synchronized void keep(byte[] buffer, int count) {
      kept.write(buffer, 0, Math.min(count, HealthStatus.MAX_OUTPUT_BYTES - kept.size()));
    }

    String text() throws InterruptedException {
      for (Thread reader : readers) {
        reader.join(OUTPUT_LATE);
      }
      synchronized (this) {
        return kept.toString(StandardCharsets.UTF_8);
      }
    }

    @Override
    public void close() {
      for (InputStream stream : streams) {
        try {
          stream.close();
        } catch (IOException _) {
          // Nobody reads it any more.
        }
      }
    }
  }
}
