package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExitStatus;
import io.boxlite.rest.ControlFrame;
import io.boxlite.rest.Frames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One attach connection. One virtual thread sends everything: pings, output, complaints, the end.
/// What comes in is handled on the connection's own thread; stdin is left to a [StdinFeeder]. No
/// further frame is asked for while that is full: the back-pressure of stdin. So as long as no more
/// than [StdinFeeder#CAPACITY] bytes wait for the command, control frames are handled at once;
/// behind more, they wait with it, and the loss of the client is seen by the next ping.
@SuppressWarnings("exports") // public for Jetty only, which looks its methods up
public final class AttachSession implements Session.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(AttachSession.class);
  private static final long PING_NANOS = TimeUnit.SECONDS.toNanos(15);

  /// What a client is told when the server ends.
  static final String LEAVING = "the server is shutting down; boxes and commands go on";

  private final StreamHub hub;
  private final StreamHub.Attachment attachment;
  private final Runnable whenCutOff;
  private final StdinFeeder stdin;
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile boolean opened;
  private volatile @Nullable Session session;
  private volatile boolean delivered;
  private final Drain.Stay stay;

  AttachSession(StreamHub hub, StreamHub.Attachment attachment, Runnable whenCutOff, Drain drain) {
    this.hub = hub;
    this.attachment = attachment;
    this.whenCutOff = whenCutOff;
    stdin = new StdinFeeder(attachment, "stdin-" + hub.execution().id(), this::demand);
    stay = drain.stay(attachment::leave);
  }

  /// Frees the place of the client when the upgrade came to nothing.
  void abandonUnlessOpen() {
    if (!opened) {
      end();
    }
  }

  @Override
  public void onWebSocketOpen(Session session) {
    opened = true;
    this.session = session;
    Thread.ofVirtual().name("send-" + hub.execution().id()).start(() -> send(session));
    stdin.start();
    session.demand();
  }

  private void send(Session to) {
    try {
      byte[] bytes = new byte[Frames.MAX_PAYLOAD + 1];
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      long nextPing = System.nanoTime();
      while (true) {
        if (System.nanoTime() - nextPing >= 0) {
          await(done -> to.sendPing(ByteBuffer.allocate(0), done));
          nextPing = System.nanoTime() + PING_NANOS;
        }
        switch (attachment.next(bytes, nextPing)) {
          case StreamHub.Next.Output output -> {
            buffer.clear().limit(output.length() + 1);
            await(done -> to.sendBinary(buffer, done));
          }
          case StreamHub.Next.Idle _ -> sendComplaint(to);
          case StreamHub.Next.Exit exit -> {
            finish(to, exit);
            return;
          }
          case StreamHub.Next.Leaving _ -> {
            // Nobody's fault: what has to end with its client goes on.
            delivered = true;
            await(done -> to.close(StatusCode.SHUTDOWN, LEAVING, done));
            return;
          }
          case StreamHub.Next.Gone _ -> {
            to.disconnect();
            return;
          }
        }
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      LOG.debug("attach of {} ended", hub.execution().id(), e);
      to.disconnect();
    } finally {
      end();
    }
  }

  private void sendComplaint(Session to) throws IOException, InterruptedException {
    Optional<String> complaint = attachment.takeComplaint();
    if (complaint.isPresent()) {
      await(done -> to.sendText(Frames.error(complaint.get()), done));
    }
  }

  private void finish(Session to, StreamHub.Next.Exit exit)
      throws IOException, InterruptedException {
    Optional<ExitStatus> status = exit.status();
    sendComplaint(to);
    String last =
        status.isPresent()
            ? Frames.exit(hub.exitCode(status.get()), status.get().timedOut())
            : Frames.error(exit.problem());
    // Before it is sent: a client that has it may close at once. What has ended needs no end, even
    // if
    // nobody hears of it.
    delivered = true;
    await(done -> to.sendText(last, done));
    // before the Close: who has seen it may attach again at once
    end();
    await(done -> to.close(StatusCode.NORMAL, "", done));
  }

  /// Starts a write.
  @FunctionalInterface
  interface Write {
    void start(Callback done);
  }

  // Without a time limit: a client may pause as long as it likes (a pager), and holds back nobody
  // but its own command. When it is gone, the socket is closed and the write fails.
  static void await(Write write) throws IOException, InterruptedException {
    Callback.Completable done = new Callback.Completable();
    write.start(done);
    try {
      done.get();
    } catch (ExecutionException e) {
      throw new IOException("write failed", e.getCause());
    }
  }

  @Override
  public void onWebSocketPartialBinary(ByteBuffer payload, boolean last, Callback callback) {
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    callback.succeed();
    if (bytes.length == 0 || stdin.offer(bytes)) {
      demand();
    }
  }

  @Override
  public void onWebSocketText(String message) {
    try {
      control(Frames.parse(message));
    } catch (IOException | BoxliteException e) {
      attachment.complain(e.getMessage() == null ? "refused" : e.getMessage());
    }
    demand();
  }

  private void control(ControlFrame frame) throws IOException {
    String type = frame.type();
    switch (type) {
      case null -> throw new ConfigException("invalid_frame", "frame without a type");
      case Frames.TYPE_RESIZE -> {
        int rows = ExecutionRoutes.checkSize("rows", frame.rows());
        hub.execution().resize(rows, ExecutionRoutes.checkSize("cols", frame.cols()));
      }
      case Frames.TYPE_SIGNAL -> hub.execution().signal(ExecutionRoutes.checkSignal(frame.sig()));
      case Frames.TYPE_STDIN_EOF -> stdin.offerEnd();
      default -> throw new ConfigException("invalid_frame", "frame of unknown type '" + type + "'");
    }
  }

  private void demand() {
    Session open = session;
    if (open != null) {
      open.demand();
    }
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    LOG.debug("attach of {} broke", hub.execution().id(), cause);
    end();
  }

  @Override
  public void onWebSocketClose(int statusCode, String reason, Callback callback) {
    end();
    callback.succeed();
  }

  private void end() {
    if (over.compareAndSet(false, true)) {
      stay.close();
      // Before the place is free: a write that waits must not go on when the next client lets the
      // command read.
      stdin.stop();
      attachment.release();
      if (!delivered) {
        whenCutOff.run();
      }
    }
  }
}
