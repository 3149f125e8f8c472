package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.PortalException;
import io.boxlite.runtime.internal.portal.ExecSession;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A box's main command as callers see it. Its end is told when the box has stopped (and, with
/// auto-remove, is gone): who waits for the command never sees the box still running.
final class MainExecution implements Execution {
  private final ExecSession session;
  private final CompletableFuture<ExitStatus> boxEnded;

  MainExecution(ExecSession session, CompletableFuture<ExitStatus> boxEnded) {
    this.session = session;
    this.boxEnded = boxEnded;
  }

  @Override
  public String id() {
    return session.id();
  }

  @Override
  public OutputStream stdin() {
    return session.stdin();
  }

  @Override
  public InputStream stdout() {
    return session.stdout();
  }

  @Override
  public InputStream stderr() {
    return session.stderr();
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    try {
      return boxEnded.get();
    } catch (ExecutionException e) {
      throw failed(e);
    }
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    try {
      return Optional.of(boxEnded.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException _) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw failed(e);
    }
  }

  private PortalException failed(ExecutionException e) {
    Throwable cause = e.getCause();
    return new PortalException(
        "box_ended",
        "the box ended before its main command's result was known: "
            + (cause == null ? e : cause).getMessage(),
        cause,
        Map.of("execution", id()));
  }

  @Override
  public void kill() {
    session.kill();
  }

  @Override
  public void signal(int signal) {
    session.signal(signal);
  }

  @Override
  public void resize(int rows, int cols) {
    session.resize(rows, cols);
  }
}
