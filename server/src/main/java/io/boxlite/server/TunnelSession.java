package io.boxlite.server;

import io.boxlite.api.Tunnel;
import io.boxlite.rest.Frames;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A tunnel to a port of a box in a WebSocket: bytes are binary messages; the text
/// [Frames#TUNNEL_END] says that no more come from its side. Two virtual threads move bytes, one
/// each way; no message is asked for while one is not yet with the box.
@SuppressWarnings("exports") // public for Jetty only, which looks its methods up
public final class TunnelSession implements Session.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(TunnelSession.class);
  private final Tunnel tunnel;
  private final BlockingQueue<byte[]> toBox = new ArrayBlockingQueue<>(1); // nothing: the end
  private final AtomicInteger open = new AtomicInteger(2); // directions
  private volatile @Nullable Session session;
  private volatile @Nullable Thread writer;
  private volatile boolean leaving;
  private final Drain.Stay stay;

  TunnelSession(Tunnel tunnel, Drain drain) {
    this.tunnel = tunnel;
    stay = drain.stay(this::leave);
  }

  /// The server ends.
  private void leave() {
    leaving = true;
    Session current = session;
    if (current == null) {
      tunnel.close();
    } else {
      current.close(
          StatusCode.SHUTDOWN, AttachSession.LEAVING, Callback.from(this::end, _ -> end()));
    }
  }

  /// Ends the tunnel when the upgrade came to nothing.
  void abandonUnlessOpen() {
    if (session == null) {
      end();
    }
  }

  @Override
  public void onWebSocketOpen(Session session) {
    this.session = session;
    if (leaving) {
      leave();
      return;
    }
    writer = Thread.ofVirtual().name("tunnel-in").start(() -> write(session));
    Thread.ofVirtual().name("tunnel-out").start(() -> read(session));
    session.demand();
  }

  private void read(Session to) {
    try {
      byte[] bytes = new byte[Frames.MAX_PAYLOAD];
      int count = tunnel.input().read(bytes);
      while (count >= 0) {
        ByteBuffer some = ByteBuffer.wrap(bytes, 0, count);
        AttachSession.await(done -> to.sendBinary(some, done));
        count = tunnel.input().read(bytes);
      }
      AttachSession.await(done -> to.sendText(Frames.TUNNEL_END, done));
      directionEnded(to);
    } catch (IOException | InterruptedException | RuntimeException e) {
      cutOff(to, e);
    }
  }

  private void write(Session from) {
    try {
      OutputStream out = tunnel.output();
      for (byte[] bytes = toBox.take(); bytes.length > 0; bytes = toBox.take()) {
        out.write(bytes);
        from.demand();
      }
      out.close();
      directionEnded(from);
      from.demand(); // its end
    } catch (IOException | InterruptedException | RuntimeException e) {
      cutOff(from, e);
    }
  }

  private void directionEnded(Session session) {
    if (open.decrementAndGet() == 0) {
      stay.close();
      tunnel.close();
      session.close(StatusCode.NORMAL, "", Callback.NOOP);
    }
  }

  private void cutOff(Session session, Exception cause) {
    LOG.debug("a tunnel was cut off", cause);
    tunnel.close();
    if (!leaving) {
      stay.close();
      session.disconnect();
    }
  }

  @Override
  public void onWebSocketPartialBinary(ByteBuffer payload, boolean last, Callback callback) {
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    callback.succeed();
    if (bytes.length > 0) {
      toBox.add(bytes); // there is room: nothing is asked for before
    } else {
      demand();
    }
  }

  @Override
  public void onWebSocketText(String message) {
    if (message.equals(Frames.TUNNEL_END)) {
      toBox.add(new byte[0]);
    } else {
      demand();
    }
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    LOG.debug("a tunnel broke", cause);
    end();
  }

  @Override
  public void onWebSocketClose(int statusCode, String reason, Callback callback) {
    end();
    callback.succeed();
  }

  private void demand() {
    Session current = session;
    if (current != null) {
      current.demand();
    }
  }

  private void end() {
    stay.close();
    tunnel.close();
    Thread waiting = writer;
    if (waiting != null) {
      waiting.interrupt();
    }
  }
}
