package io.boxlite.server;

import io.boxlite.api.Boxlite;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.SocketPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves a runtime over REST on a Unix socket, and on ports of this machine while a client of the
/// socket asks for it.
///
/// Thread-safe.
///
/// @since 0.1
public final class RestServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);
  private static final long ACCEPT_NANOS = 100_000_000;
  private static final int MAX_HEADERS = 16 * 1024;
  private static final int MAX_CONTROL_FRAME = 64 * 1024;
  private static final int MAX_FRAME = 16 * 1024 * 1024;

  /// How long requests may go on after the end of the server.
  private static final Duration DRAIN = Duration.ofSeconds(10);

  /// How much longer than its listeners a server waits, for their ends.
  private static final Duration MARGIN = Duration.ofSeconds(1);

  private final Server server;
  private final UnixDomainServerConnector connector;
  private final Path socket;
  private final TunnelGates gates;
  private final AuditLog audit;
  private final Drain drain = new Drain();
  private final Duration limit;

  private RestServer(
      Server server,
      UnixDomainServerConnector connector,
      Path socket,
      TunnelGates gates,
      AuditLog audit,
      Duration limit) {
    this.audit = audit;
    this.gates = gates;
    this.server = server;
    this.connector = connector;
    this.socket = socket;
    this.limit = limit;
    connector.addBean(drain);
  }

  /// Starts to serve, without traces. A socket file that is there already is replaced: the caller
  /// owns the home, so nobody serves it.
  ///
  /// @param boxlite what to serve; not closed by the server
  /// @param socket path of the socket, readable and writable by this user only
  /// @return the server, to be closed by the caller
  /// @throws StorageException if the socket cannot be made
  public static RestServer open(Boxlite boxlite, Path socket) {
    return open(boxlite, socket, Tracing.NONE, DRAIN);
  }

  /// Starts to serve with traces; they are not ended by the server.
  static RestServer open(Boxlite boxlite, Path socket, Tracing tracing) {
    return open(boxlite, socket, tracing, DRAIN);
  }

  /// @param limit how long requests may go on after the end of the server
  static RestServer open(Boxlite boxlite, Path socket, Tracing tracing, Duration limit) {
    VirtualThreadPool threads = new VirtualThreadPool();
    threads.setMaxConcurrentTasks(0); // a request may block for long: the default of 200 would lock
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    http.setRequestHeaderSize(MAX_HEADERS);
    UnixDomainServerConnector connector =
        new UnixDomainServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setIdleTimeout(0); // a client of this user may wait as long as it likes
    connector.setAcceptQueueSize(1024);
    server.addConnector(connector);
    ServerWebSocketContainer webSockets = ServerWebSocketContainer.ensure(server);
    webSockets.setIdleTimeout(Duration.ZERO);
    webSockets.setMaxTextMessageSize(MAX_CONTROL_FRAME);
    webSockets.setMaxFrameSize(MAX_FRAME);
    webSockets.setAutoFragment(false);
    ErrorResponder errors = new ErrorResponder();
    server.setErrorHandler(errors);
    TunnelGates gates = new TunnelGates(boxlite);
    Router router = routes(boxlite, webSockets, gates, Abandonment.ofEnvironment(System.getenv()));
    ApiKeys keys = new ApiKeys(socket.resolveSibling("keys.json"));
    new ServerRoutes(
            keys,
            order -> TcpListener.open(server, http, order, keys, limit),
            !tracing.equals(Tracing.NONE))
        .addTo(router);
    AuditLog audit = new AuditLog(socket.resolveSibling("logs").resolve("audit.jsonl"));
    Idempotency idempotency = new Idempotency(new KeyedAnswers(socket.resolveSibling("answers")));
    server.setHandler(new RestHandler(router, errors, audit, idempotency, tracing));
    RestServer rest = new RestServer(server, connector, socket, gates, audit, limit);
    rest.start();
    return rest;
  }

  static Router routes(
      Boxlite boxlite,
      ServerWebSocketContainer webSockets,
      TunnelGates gates,
      Abandonment abandonment) {
    ExecutionRegistry executions = new ExecutionRegistry();
    Router router = new Router();
    new BoxRoutes(boxlite, executions).addTo(router);
    new FileRoutes(boxlite).addTo(router);
    new VolumeRoutes(boxlite).addTo(router);
    new ExecutionRoutes(boxlite, executions, abandonment).addTo(router);
    new AttachRoutes(boxlite, executions, webSockets).addTo(router);
    new NetworkRoutes(boxlite, webSockets, gates).addTo(router);
    new CloneRoutes(boxlite).addTo(router);
    new SnapshotRoutes(boxlite).addTo(router);
    new DocumentRoutes().addTo(router);
    new RuntimeRoutes(boxlite).addTo(router);
    new ImageRoutes(boxlite).addTo(router);
    new TemplateRoutes(boxlite).addTo(router);
    return router;
  }

  private void start() {
    try {
      Files.deleteIfExists(socket);
      bind(SocketPaths.ofEnvironment().reachable(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      close();
      throw new StorageException(
          "socket_unavailable", "cannot serve on " + socket + ": " + e.getMessage(), e, Map.of());
    }
  }

  private void bind(Path reachable) throws IOException {
    connector.setUnixDomainPath(reachable);
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /// {@return how many connections are open}
  public int connections() {
    int open = 0;
    for (Connector each : server.getConnectors()) {
      open += each.getConnectedEndPoints().size();
    }
    return open;
  }

  /// Takes the socket out of sight, so that no further client finds it, and puts it back when one
  /// has come at that very moment.
  ///
  /// @return whether the server is hidden and without a client
  boolean hide() {
    Path hidden = socket.resolveSibling(socket.getFileName() + ".leaving");
    try {
      Files.move(socket, hidden, StandardCopyOption.ATOMIC_MOVE);
      // Whoever connected before the move is counted within this time.
      LockSupport.parkNanos(ACCEPT_NANOS);
      if (connections() > 0) {
        Files.move(hidden, socket, StandardCopyOption.ATOMIC_MOVE);
        return false;
      }
      Files.deleteIfExists(hidden);
      return true;
    } catch (IOException e) {
      LOG.warn("cannot hide {}", socket, e);
      return true;
    }
  }

  /// Removes the socket, takes no more requests, tells clients that would stay for ever, lets what
  /// is worked on go on for ten seconds at most, and ends all connections. A second call does
  /// nothing.
  @Override
  public void close() {
    try {
      Files.deleteIfExists(socket); // first: whoever comes now looks for the next supervisor
    } catch (IOException e) {
      LOG.warn("cannot remove {}", socket, e);
    }
    gates.close();
    drain.begin();
    int left = drain.await(limit.plus(MARGIN));
    if (left > 0) {
      LOG.warn("{} requests were cut off", left);
    }
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn("the server did not stop in order", e);
    }
    audit.close();
  }
}
