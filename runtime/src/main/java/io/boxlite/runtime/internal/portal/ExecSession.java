package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.AttachOpen;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.OutputChunk;
import io.boxlite.protocol.agent.v1.Stream;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The streams and the result of one process in the box. It outlives portals: when one is lost it
/// is detached (waits and reads go on waiting) until [#reattach] continues where the old one
/// stopped, or [#fail] says that the box is gone. An agent that breaks the protocol ends the
/// session with a [PortalException], reason `protocol_error`.
///
/// Thread-safe; each stream belongs to one thread at a time.
public final class ExecSession implements Execution {
  private static final System.Logger LOG = System.getLogger(ExecSession.class.getName());
  private static final int MAX_SIGNAL = 64;

  private final String id;
  private final boolean releasedAtExit;
  private final @Nullable OutputTap tap;
  private final OutputBuffer stdout;
  private final OutputBuffer stderr;
  private final StdinPipe stdin = new StdinPipe();

  /// The agent has answered the first Attach, or what ended that before.
  private final CompletableFuture<Void> opened = new CompletableFuture<>();

  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final Attachment.Listener events = new Events();

  /// Serializes what arrives, also across attachments; held while the tap works.
  private final Object receiving = new Object();

  private volatile @Nullable Attachment current;
  private volatile Portal portal;
  private volatile boolean letGo;
  private boolean tapFailed;

  /// Exit or failure is decided; guarded by [#receiving], as [#exit] completes outside of it.
  private boolean over;

  private ExecSession(
      String id, Portal portal, boolean releasedAtExit, boolean held, @Nullable OutputTap tap) {
    this.id = id;
    this.portal = portal;
    this.releasedAtExit = releasedAtExit;
    this.tap = tap;
    stdout =
        new OutputBuffer(
            tap != null, held, offset -> ack(Stream.STREAM_STDOUT, offset), this::letGo);
    stderr =
        new OutputBuffer(
            tap != null, held, offset -> ack(Stream.STREAM_STDERR, offset), this::letGo);
  }

  /// Runs one more process and waits until its program has been executed. Once its exit is known
  /// the agent forgets it.
  ///
  /// Unless it is detached, output beyond the window waits from the start until the first read or
  /// wait, so that whoever started it can take its streams and miss nothing. From then on, and when
  /// detached at once, a stream that nobody took keeps its newest bytes only.
  ///
  /// @param execId chosen by the caller, `[A-Za-z0-9_-]{1,128}`
  /// @param options what to run
  /// @param portal to the agent
  /// @return the session
  /// @throws io.boxlite.api.ExecException if its command, directory, user or group is not there
  /// @throws io.boxlite.api.InvalidStateException if init does not run
  /// @throws PortalException if the agent gave no proper answer: the process may run all the same
  public static ExecSession exec(String execId, ExecOptions options, Portal portal) {
    return exec(execId, options, portal, Portal.SLOW);
  }

  static ExecSession exec(String execId, ExecOptions options, Portal portal, Duration limit) {
    ExecSession session = new ExecSession(execId, portal, true, !options.detach(), null);
    AttachOpen open =
        AttachOpen.newBuilder().setExecId(execId).setExec(ExecSpecs.of(options)).build();
    session.attach(portal, open);
    session.awaitOpened(options.command().getFirst(), limit);
    return session;
  }

  private void awaitOpened(String command, Duration limit) {
    PortalException unanswered;
    try {
      opened.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return;
    } catch (ExecutionException e) {
      throw AgentErrors.map(command, opened.exceptionNow());
    } catch (TimeoutException e) {
      unanswered =
          new PortalException(
              "timeout",
              command + ": the guest agent did not answer within " + limit.toSeconds() + " s",
              e,
              Map.of());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      unanswered = PortalSync.interrupted(e);
    }
    fail(unanswered); // cancels the Attach
    throw unanswered;
  }

  /// Attaches to a process that runs or has ended. Once its exit is known the agent forgets it.
  /// Does not wait: when the agent does not know it, that shows in [#onExit()] and [#waitFor()].
  ///
  /// @param execId its id
  /// @param portal to the agent
  /// @param detached whether perhaps nobody will ever read or wait; see [#exec]
  /// @return the session
  public static ExecSession ofExec(String execId, Portal portal, boolean detached) {
    return attached(new ExecSession(execId, portal, true, !detached, null), portal);
  }

  /// Attaches to init, possible since CreateContainer. The agent goes on to know its exit.
  ///
  /// @param containerId the container's id
  /// @param portal to the agent
  /// @param tap receives all its output
  /// @return the session
  public static ExecSession ofInit(String containerId, Portal portal, OutputTap tap) {
    return attached(new ExecSession(containerId, portal, false, false, tap), portal);
  }

  private static ExecSession attached(ExecSession session, Portal portal) {
    session.reattach(portal);
    return session;
  }

  /// Goes on over a portal to the same VM where the lost one ended. No effect after the end.
  ///
  /// @param newPortal the next portal
  public void reattach(Portal newPortal) {
    attach(newPortal, AttachOpen.newBuilder().setExecId(id).build());
  }

  private void attach(Portal newPortal, AttachOpen open) {
    synchronized (receiving) {
      portal = newPortal;
      if (over) {
        return;
      }
      detach();
      Attachment next = new Attachment(events, newPortal);
      current = next;
      stdout.attaching();
      stderr.attaching();
      next.start(open);
    }
  }

  private void detach() {
    Attachment old = current;
    current = null;
    stdin.detached();
    if (old != null) {
      old.cancel();
    }
  }

  /// Ends a session whose box is gone: waits throw a [PortalException], readers get what is there
  /// and then an [IOException]. No effect when the exit is known.
  ///
  /// @param cause why
  public void fail(BoxliteException cause) {
    synchronized (receiving) {
      if (over) {
        return;
      }
      over = true;
      detach();
      IOException broken = new IOException(cause.getMessage(), cause);
      stdout.fail(broken);
      stderr.fail(broken);
      stdin.end("broken pipe: " + cause.getMessage());
    }
    opened.completeExceptionally(cause);
    exit.completeExceptionally(
        cause instanceof PortalException
            ? cause
            : new PortalException(
                "result_unknown",
                "the result of " + id + " is not known: " + cause.getMessage(),
                cause,
                Map.of()));
  }

  /// {@return completes with the exit, after all output was made available, or exceptionally with a
  /// [PortalException]}
  public CompletionStage<ExitStatus> onExit() {
    return exit.minimalCompletionStage();
  }

  /// {@return whether it has no end and no portal: it waits for [#reattach] or [#fail]}
  public boolean isDetached() {
    return current == null && !exit.isDone();
  }

  private void letGo() {
    if (!letGo) {
      letGo = true;
      stdout.letGo();
      stderr.letGo();
    }
  }

  private void ack(Stream stream, long offset) {
    Attachment attachment = current;
    if (attachment != null) {
      attachment.acknowledge(stream, offset);
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
    return stdout.take();
  }

  @Override
  public InputStream stderr() {
    return stderr.take();
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    letGo();
    try {
      return exit.get();
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    letGo();
    try {
      return Optional.of(exit.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  /// Each waiter gets an exception with its own stack.
  private static PortalException failure(ExecutionException wrapper) {
    if (wrapper.getCause() instanceof PortalException cause) {
      return new PortalException(
          cause.reason(), String.valueOf(cause.getMessage()), cause, cause.details());
    }
    throw new IllegalStateException(wrapper);
  }

  @Override
  public void kill() {
    if (!exit.isDone()) {
      portal.kill(id);
    }
  }

  @Override
  public void signal(int signal) {
    if (signal < 1 || signal > MAX_SIGNAL) {
      throw new IllegalArgumentException("signal " + signal + " is not between 1 and 64");
    }
    if (exit.isDone()) {
      throw exited();
    }
    try {
      portal.signal(id, signal);
    } catch (NotFoundException e) {
      // It ended meanwhile, and its record was released.
      throw exit.isDone() ? exited() : e;
    }
  }

  private InvalidStateException exited() {
    return new InvalidStateException("exited", "execution " + id + " has ended");
  }

  /// Does nothing once the process has ended: a window may change its size at any time.
  @Override
  public void resize(int rows, int cols) {
    if (exit.isDone()) {
      return;
    }
    try {
      portal.resize(id, rows, cols);
    } catch (NotFoundException e) {
      if (!exit.isDone()) {
        throw e;
      }
    }
  }

  private void received(Attachment from, AttachResponse response) {
    ExitStatus end = null;
    synchronized (receiving) {
      if (from != current) {
        return;
      }
      if (from.expectsOpened() != response.hasOpened()) {
        throw new PortalException("protocol_error", "opened must be the first message, once");
      }
      switch (response.getResponseCase()) {
        case OPENED -> {
          stdin.opened(from, response.getOpened());
          opened.complete(null);
        }
        case OUTPUT -> output(response.getOutput());
        case STDIN_ACK -> stdin.acknowledged(response.getStdinAck().getOffset());
        case EXIT -> end = exited(response.getExit());
        case RESPONSE_NOT_SET -> throw new PortalException("protocol_error", "empty message");
      }
    }
    if (end != null) {
      exit.complete(end);
      if (releasedAtExit) {
        from.portal().releaseLater(id);
      }
    }
  }

  private void output(OutputChunk chunk) {
    OutputBuffer buffer =
        switch (chunk.getStream()) {
          case STREAM_STDOUT -> stdout;
          case STREAM_STDERR -> stderr;
          case STREAM_UNSPECIFIED, UNRECOGNIZED ->
              throw new PortalException("protocol_error", "output of an unknown stream");
        };
    ByteString fresh = buffer.fresh(chunk.getOffset(), chunk.getData());
    if (fresh.isEmpty()) {
      return;
    }
    if (tap != null) {
      // First: the agent forgets what was acknowledged, and this supervisor may be killed.
      long offset = chunk.getOffset() + chunk.getData().size() - fresh.size();
      tell(tap, chunk.getStream(), offset, fresh);
    }
    buffer.keep(fresh);
  }

  private void tell(OutputTap to, Stream stream, long offset, ByteString data) {
    try {
      to.accept(stream, offset, data.asReadOnlyByteBuffer());
    } catch (IOException | RuntimeException e) {
      if (!tapFailed) { // once: a full disk must not fill the log too
        tapFailed = true;
        LOG.log(Level.WARNING, "the output of " + id + " could not be kept", e);
      }
    }
  }

  private ExitStatus exited(io.boxlite.protocol.agent.v1.ExitStatus status) {
    ExitStatus end = Portal.exitStatus(status);
    over = true;
    current = null;
    stdout.finish();
    stderr.finish();
    stdin.end("broken pipe: the command has ended");
    return end;
  }

  private void ended(Attachment from, @Nullable Throwable failure) {
    synchronized (receiving) {
      if (from != current) {
        return;
      }
      detach();
    }
    if (failure == null) {
      fail(new PortalException("protocol_error", "the guest agent ended " + id + " without exit"));
      return;
    }
    opened.completeExceptionally(failure); // first, as fail knows less
    BoxliteException cause = AgentErrors.map("execution " + id, failure);
    Status.Code code = Status.fromThrowable(failure).getCode();
    boolean portalBroken = code == Status.Code.UNAVAILABLE || code == Status.Code.INTERNAL;
    if (from.portal().isLost() || (portalBroken && AgentErrors.reason(failure).isEmpty())) {
      // Only a portal's end ends an Attach so. If the agent says it while the portal works, the
      // portal is ended here: whoever watches it then decides about this session.
      from.portal().lose(cause);
    } else {
      fail(cause);
    }
  }

  private final class Events implements Attachment.Listener {
    @Override
    public void received(Attachment from, AttachResponse response) {
      try {
        ExecSession.this.received(from, response);
      } catch (PortalException e) {
        fail(e);
      }
    }

    @Override
    public void ended(Attachment from, @Nullable Throwable failure) {
      ExecSession.this.ended(from, failure);
    }
  }
}
