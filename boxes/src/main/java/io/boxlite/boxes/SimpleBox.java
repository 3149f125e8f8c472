package io.boxlite.boxes;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExecResult;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortalException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A box that runs commands one call at a time and goes away when it is closed.
///
/// Thread-safe.
///
/// @since 0.1
public final class SimpleBox implements AutoCloseable {
  private final Box box;
  private final boolean detach;
  private final boolean autoRemove;

  private SimpleBox(Box box, BoxOptions options) {
    this.box = box;
    detach = options.detach();
    autoRemove = options.autoRemove();
  }

  /// Makes a box and starts it. When the start fails, nothing is left of it.
  ///
  /// @param boxlite where
  /// @param options what the box shall be
  /// @return the box, to be closed by the caller
  /// @throws BoxliteException as [Boxlite#create(BoxOptions)] and [Box#start()] do
  public static SimpleBox start(Boxlite boxlite, BoxOptions options) {
    Box box = boxlite.create(options);
    try {
      box.start();
    } catch (BoxliteException e) {
      try {
        box.remove(true);
      } catch (BoxliteException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
    return new SimpleBox(box, options);
  }

  /// {@return the box beneath}
  public Box box() {
    return box;
  }

  /// Runs a command to its end with an empty stdin.
  ///
  /// @param command program and arguments
  /// @return its result, with all output in memory: for large output use [Box#exec(ExecOptions)]
  /// @throws InterruptedException if the calling thread is interrupted; the command is killed
  /// @throws BoxliteException if it cannot be started, or its result is not known
  public ExecResult exec(String... command) throws InterruptedException {
    return exec(ExecOptions.of(command));
  }

  /// Runs a command to its end with an empty stdin.
  ///
  /// @param options what to run
  /// @return its result, with all output in memory: for large output use [Box#exec(ExecOptions)]
  /// @throws InterruptedException if the calling thread is interrupted; the command is killed
  /// @throws BoxliteException if it cannot be started, or its result is not known
  public ExecResult exec(ExecOptions options) throws InterruptedException {
    Execution execution = box.exec(options);
    boolean done = false;
    try {
      // both at once: a command that fills the one stream while the other is read would stand still
      FutureTask<byte[]> stderr = new FutureTask<>(() -> readAll(execution.stderr()));
      FutureTask<byte[]> stdout = new FutureTask<>(() -> readAll(execution.stdout()));
      Thread.ofVirtual().start(stderr);
      Thread.ofVirtual().start(stdout);
      closeStdin(execution);
      byte[] out = result(stdout);
      byte[] err = result(stderr);
      ExitStatus exit = execution.waitFor();
      done = true;
      return new ExecResult(exit, out, err);
    } finally {
      if (!done) {
        execution.kill();
      }
    }
  }

  private static void closeStdin(Execution execution) {
    try {
      execution.stdin().close();
    } catch (IOException ignored) {
      // the command has ended already and will not read it
    }
  }

  private static byte[] readAll(InputStream stream) throws IOException {
    try (stream) {
      return stream.readAllBytes();
    }
  }

  private static byte[] result(FutureTask<byte[]> task) throws InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof BoxliteException known) {
        throw known;
      }
      throw new PortalException(
          "output_lost", "the output of the command was lost: " + cause, e, Map.of());
    }
  }

  /// Stops the box, and removes it when its options say `autoRemove`. A box with `detach` is left
  /// as it is. A box that is gone already is no error; a second call does nothing more.
  @Override
  public void close() {
    if (detach) {
      return;
    }
    try {
      box.stop();
      if (autoRemove) {
        box.remove(true);
      }
    } catch (NotFoundException gone) {
      // autoRemove has done it, or somebody else
    }
  }
}
