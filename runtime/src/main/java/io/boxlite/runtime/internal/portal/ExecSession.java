package io.boxlite.runtime.internal.portal;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/// The streams and the result of one process in the box, across portals.
public final class ExecSession implements Execution {
  private ExecSession() {}

  /// Attaches to a process that runs or ran; its record is released once its exit is known.
  public static ExecSession ofExec(String execId, Portal portal) {
    throw new UnsupportedOperationException();
  }

  /// Attaches to init (allowed since CreateContainer); its record is never released.
  public static ExecSession ofInit(String containerId, Portal portal, OutputTap tap) {
    throw new UnsupportedOperationException();
  }

  /// Goes on over a new portal where the lost one ended.
  public void reattach(Portal portal) {
    throw new UnsupportedOperationException();
  }

  /// Ends a session whose box is gone. No effect when the exit is known.
  public void fail(BoxliteException cause) {
    throw new UnsupportedOperationException();
  }

  /// {@return completes with the exit, or exceptionally with a PortalException after [#fail]}
  public CompletionStage<ExitStatus> onExit() {
    throw new UnsupportedOperationException();
  }

  /// {@return whether it waits for [#reattach]}
  public boolean isDetached() {
    throw new UnsupportedOperationException();
  }

  @Override
  public String id() {
    throw new UnsupportedOperationException();
  }

  @Override
  public OutputStream stdin() {
    throw new UnsupportedOperationException();
  }

  @Override
  public InputStream stdout() {
    throw new UnsupportedOperationException();
  }

  @Override
  public InputStream stderr() {
    throw new UnsupportedOperationException();
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void kill() {}

  @Override
  public void signal(int signal) {}

  @Override
  public void resize(int rows, int cols) {}
}
