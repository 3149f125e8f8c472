package io.boxlite.client;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import io.boxlite.rest.ControlFrame;
import io.boxlite.rest.ExecutionBody;
import io.boxlite.rest.Frames;
import io.boxlite.rest.Paths;
import io.boxlite.rest.ResizeBody;
import io.boxlite.rest.SignalBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A command in a box of another process. Its streams come over one WebSocket, which is opened when
/// the first of them is asked for, or when somebody waits.
final class RemoteExecution implements Execution {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int SIGKILL = 9;

  private final RestCaller caller;
  private final Sessions sessions;
  private final String boxId;
  private final String id;
  private final OutputBuffer stdout = new OutputBuffer();
  private final OutputBuffer stderr = new OutputBuffer();
  private final Stdin stdin = new Stdin();
  private final CountDownLatch sessionOver = new CountDownLatch(1);
  private volatile @Nullable ExitStatus exit;
  private volatile @Nullable PortalException unknownExit;
  private @Nullable WebSocket socket;
  private @Nullable Thread reader;
  private boolean attached;

  RemoteExecution(RestCaller caller, Sessions sessions, String boxId, String id) {
    this.caller = caller;
    this.sessions = sessions;
    this.boxId = boxId;
    this.id = id;
  }

  /// Takes over an open connection.
  void start(WebSocket opened) {
    synchronized (this) {
      attached = true;
      begin(opened);
    }
  }

  private void begin(WebSocket opened) {
    socket = opened;
    stdout.holdBack();
    stderr.holdBack();
    sessions.add(this);
    Thread thread =
        Thread.ofPlatform().daemon().name("boxlite-attach-" + id).unstarted(() -> receive(opened));
    reader = thread;
    thread.start();
  }

  private synchronized void attach() {
    if (attached) {
      return;
    }
    try {
      WebSocket opened =
          WebSocket.open(caller.connections(), Paths.execution(boxId, id) + "/attach?raw=true");
      attached = true;
      begin(opened);
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  private void receive(WebSocket from) {
    String failure = "the connection to the command's output was lost";
    try {
      // only the exit frame says that the output is whole, however else the end became known
      for (int type = from.next(); type != WebSocket.CLOSE; type = from.next()) {
        if (type == WebSocket.BINARY) {
          deliver(from);
        } else if (isExit(from.text())) {
          failure = null;
          break;
        }
      }
      if (failure != null && !from.closeReason().isEmpty()) {
        failure = failure + ": " + from.closeReason();
      }
    } catch (IOException | ConfigException e) {
      failure = failure + ": " + e.getMessage();
    } catch (InterruptedException e) {
      failure = "the client was closed";
    } finally {
      from.close();
      stdout.end(failure);
      stderr.end(failure);
      sessionOver.countDown();
      sessions.remove(this);
    }
  }

  private void deliver(WebSocket from) throws InterruptedException {
    if (from.length() == 0) {
      return;
    }
    byte[] message = from.message();
    if (message[0] == Frames.STDOUT) {
      stdout.put(message, 1, from.length() - 1);
    } else if (message[0] == Frames.STDERR) {
      stderr.put(message, 1, from.length() - 1);
    }
  }

  private boolean isExit(String text) {
    ControlFrame frame = Frames.parse(text);
    Integer code = frame.exitCode();
    if (!Frames.TYPE_EXIT.equals(frame.type()) || code == null) {
      return false;
    }
    exit = Frames.exitStatus(code, Boolean.TRUE.equals(frame.timedOut()));
    return true;
  }

  /// Ends the connection; the command goes on.
  void disconnect() {
    WebSocket open;
    Thread thread;
    synchronized (this) {
      open = socket;
      thread = reader;
    }
    if (open == null || thread == null) {
      return;
    }
    open.close();
    stdout.close();
    stderr.close();
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public OutputStream stdin() {
    return stdin;
  }

  @Override
  public InputStream stdout() {
    stdout.take();
    attach();
    return stdout;
  }

  @Override
  public InputStream stderr() {
    stderr.take();
    attach();
    return stderr;
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    while (true) {
      Optional<ExitStatus> ended = waitFor(Duration.ofDays(1));
      if (ended.isPresent()) {
        return ended.get();
      }
    }
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    if (exit == null && !isAttached()) {
      try {
        attach();
      } catch (InvalidStateException | AlreadyExistsException somebodyElseIsAttached) {
        return poll(deadline);
      }
    }
    if (!sessionOver.await(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS)) {
      return Optional.empty();
    }
    return poll(deadline);
  }

  private synchronized boolean isAttached() {
    return attached;
  }

  /// Asks the server until the command has ended: the connection did not tell.
  private Optional<ExitStatus> poll(long deadline) throws InterruptedException {
    while (true) {
      ExitStatus known = exit;
      if (known != null) {
        return Optional.of(known);
      }
      PortalException unknown = unknownExit;
      if (unknown != null) {
        throw new PortalException(unknown.reason(), message(unknown), unknown, unknown.details());
      }
      if (askServer()) {
        continue;
      }
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return Optional.empty();
      }
      // the contract has no event for the end of a command without a connection
      Thread.sleep(Duration.ofNanos(Math.min(left, POLL.toNanos())));
    }
  }

  private boolean askServer() {
    ExecutionBody body;
    try {
      body = caller.call(ExecutionBody.class, "GET", Paths.execution(boxId, id), null);
    } catch (BoxliteException e) {
      unknownExit = lost("cannot learn how command " + id + " ended: " + message(e), e);
      return true;
    }
    if (body.status().equals(ExecutionBody.RUNNING)) {
      return false;
    }
    Integer code = body.exitCode();
    if (code == null) {
      unknownExit = lost("box " + boxId + " ended before the result of " + id + " was known", null);
    } else {
      exit = Frames.exitStatus(code, body.status().equals(ExecutionBody.TIMED_OUT));
    }
    return true;
  }

  private static PortalException lost(String message, @Nullable Throwable cause) {
    return new PortalException("exit_unknown", message, cause, Map.of());
  }

  private static String message(BoxliteException e) {
    return e.getMessage() == null ? "unknown" : e.getMessage();
  }

  @Override
  public void kill() {
    if (exit == null) {
      signal(SIGKILL);
    }
  }

  @Override
  public void signal(int signal) {
    if (signal == SIGKILL) {
      caller.send("DELETE", Paths.execution(boxId, id), null);
    } else {
      caller.send("POST", Paths.execution(boxId, id) + "/signal", new SignalBody(signal));
    }
  }

  @Override
  public void resize(int rows, int cols) {
    caller.send("POST", Paths.execution(boxId, id) + "/resize", new ResizeBody(cols, rows));
  }

  private WebSocket session() throws IOException {
    attach();
    synchronized (this) {
      if (socket == null) {
        throw new IOException("the command has no connection");
      }
      return socket;
    }
  }

  /// Sends what is written at once: a terminal and a pipe both want it so.
  private final class Stdin extends OutputStream {
    private boolean closed;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      if (isClosed()) {
        throw new IOException("stdin is closed");
      }
      WebSocket to = session();
      int done = 0;
      while (done < count) {
        if (Thread.interrupted()) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted while writing to stdin");
        }
        int part = Math.min(count - done, Frames.MAX_PAYLOAD);
        to.sendBinary(bytes, offset + done, part);
        done += part;
      }
    }

    private synchronized boolean isClosed() {
      return closed;
    }

    @Override
    public void close() throws IOException {
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      if (sessionOver.getCount() == 0) {
        return;
      }
      try {
        session().sendText(Frames.STDIN_EOF);
      } catch (IOException e) {
        if (sessionOver.getCount() != 0 && exit == null) {
          throw e;
        }
      }
    }
  }
}
