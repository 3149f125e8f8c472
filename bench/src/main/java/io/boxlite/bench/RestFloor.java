package io.boxlite.bench;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/// What the HTTP library itself can do: `/N` answers with N bytes, `/echo` is a WebSocket that
/// sends back what it gets. Nothing is checked, parsed or written down.
///
/// A process of its own, started by [RestBench]. Prints its port.
public final class RestFloor {
  private RestFloor() {}

  /// Serves until it is killed.
  ///
  /// @param arguments none
  public static void main(String[] arguments) throws Exception {
    VirtualThreadPool threads = new VirtualThreadPool();
    threads.setMaxConcurrentTasks(0);
    Server server = new Server(threads);
    ServerConnector connector = new ServerConnector(server, 1, 1);
    connector.setHost("127.0.0.1");
    connector.setAcceptQueueSize(1024);
    server.addConnector(connector);
    ServerWebSocketContainer webSockets = ServerWebSocketContainer.ensure(server);
    server.setHandler(new Answers(webSockets));
    server.start();
    System.out.println(connector.getLocalPort());
    server.join();
  }

  private static final class Answers extends Handler.Abstract {
    private final ServerWebSocketContainer webSockets;

    Answers(ServerWebSocketContainer webSockets) {
      this.webSockets = webSockets;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      String name = request.getHttpURI().getPath().substring(1);
      if (name.equals("echo")) {
        return webSockets.upgrade((_, _, _) -> new Echo(), request, response, callback);
      }
      byte[] body = new byte[Integer.parseInt(name)];
      Arrays.fill(body, (byte) ' ');
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
      response.write(true, ByteBuffer.wrap(body), callback);
      return true;
    }
  }

  /// Public, because the library looks for its methods.
  public static final class Echo implements Session.Listener.AutoDemanding {
    private volatile @Nullable Session session;

    @Override
    public void onWebSocketOpen(Session opened) {
      session = opened;
    }

    @Override
    public void onWebSocketBinary(
        ByteBuffer payload, org.eclipse.jetty.websocket.api.Callback callback) {
      Objects.requireNonNull(session).sendBinary(payload, callback);
    }

    @Override
    public void onWebSocketError(Throwable cause) {
      // Its client has gone.
    }
  }
}
