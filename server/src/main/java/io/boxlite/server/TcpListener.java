package io.boxlite.server;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.rest.ListenBody;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A port of this machine where the server can be reached, and who may do what there. Thread-safe.
final class TcpListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TcpListener.class);
  private static final int BACKLOG = 1024;
  private static final int MAX_CONNECTIONS = 8192;
  private static final long STALL_MILLIS = 60_000;

  private final Server server;
  private final TcpConnector connector;
  private final Drain drain;
  private final Duration limit;
  private final String url;

  private TcpListener(
      Server server, TcpConnector connector, Drain drain, Duration limit, String url) {
    this.server = server;
    this.connector = connector;
    this.drain = drain;
    this.limit = limit;
    this.url = url;
  }

  /// Listens.
  ///
  /// @param server takes the requests
  /// @param http how they are read
  /// @param order what was asked for
  /// @param keys the stored keys
  /// @param limit how long requests may go on after its end
  /// @throws ConfigException if the order makes no sense, or would let strangers do everything
  /// @throws NetworkException if the port cannot be had
  static TcpListener open(
      Server server, HttpConfiguration http, ListenBody order, ApiKeys keys, Duration limit) {
    InetAddress address = address(order.host());
    if (order.port() < 0 || order.port() > 65535) {
      throw new ConfigException("invalid_port", "port " + order.port() + " must be 0 to 65535");
    }
    String key = order.apiKey();
    if (key != null && key.isBlank()) {
      throw new ConfigException("invalid_api_key", "the API key is empty");
    }
    boolean needsKey = key != null || !keys.isEmpty();
    if (!needsKey && !address.isLoopbackAddress() && !Boolean.TRUE.equals(order.withoutKey())) {
      throw new ConfigException(
          "key_required",
          "refusing to listen on "
              + order.host()
              + " without an API key: whoever reaches the port could do everything; make one with"
              + " 'boxlite auth key create', set BOXLITE_SERVE_API_KEY, listen on 127.0.0.1, or say"
              + " --insecure-no-key");
    }
    boolean hostPaths = Boolean.TRUE.equals(order.hostPaths());
    Access access =
        new Access(
            keys,
            Optional.ofNullable(key).map(Sha256::of),
            needsKey,
            hostPaths,
            address.isLoopbackAddress());
    boolean tls = order.tlsCert() != null || order.tlsKey() != null;
    TcpConnector connector = new TcpConnector(server, factories(http, order));
    connector.setHost(address.getHostAddress());
    connector.setPort(order.port());
    connector.setIdleTimeout(STALL_MILLIS);
    connector.setShutdownIdleTimeout(STALL_MILLIS);
    connector.setAcceptQueueSize(BACKLOG);
    connector.addBean(access);
    Drain drain = new Drain();
    connector.addBean(drain);
    connector.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, connector));
    start(server, connector, order);
    String url =
        (tls ? "https://" : "http://") + shown(order.host()) + ":" + connector.getLocalPort();
    LOG.info("listening on {}", url);
    return new TcpListener(server, connector, drain, limit, url);
  }

  private static String shown(String host) {
    return host.contains(":") ? "[" + host + "]" : host;
  }

  private static InetAddress address(String host) {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new ConfigException(
          "invalid_host", "host '" + host + "' is no address of this machine", e, Map.of());
    }
  }

  private static ConnectionFactory[] factories(HttpConfiguration http, ListenBody order) {
    String certificate = order.tlsCert();
    String key = order.tlsKey();
    if (certificate == null && key == null) {
      return new ConnectionFactory[] {new HttpConnectionFactory(http)};
    }
    if (certificate == null || key == null) {
      throw new ConfigException(
          "invalid_tls", "TLS needs both a certificate and its key; give --tls-cert and --tls-key");
    }
    HttpConfiguration secure = new HttpConfiguration(http);
    secure.addCustomizer(new SecureRequestCustomizer(false));
    HttpConnectionFactory plain = new HttpConnectionFactory(secure);
    return new ConnectionFactory[] {
      new SslConnectionFactory(
          TlsIdentity.read(Path.of(certificate), Path.of(key)), plain.getProtocol()),
      plain
    };
  }

  private static void start(Server server, ServerConnector connector, ListenBody order) {
    server.addConnector(connector);
    try {
      connector.start();
    } catch (Exception e) {
      server.removeConnector(connector);
      throw new NetworkException(
          "port_unavailable",
          "cannot listen on " + order.host() + ":" + order.port() + ": " + reason(e),
          e,
          Map.of());
    }
  }

  private static String reason(Throwable e) {
    Throwable last = e;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return String.valueOf(last.getMessage());
  }

  /// {@return who may do what on a connection}
  ///
  /// @param connector that it came by
  static Optional<Access> access(org.eclipse.jetty.server.Connector connector) {
    return connector instanceof ServerConnector tcp
        ? Optional.ofNullable(tcp.getBean(Access.class))
        : Optional.empty();
  }

  /// {@return where clients find it}
  String url() {
    return url;
  }

  /// Takes no more connections and requests, waits for those that are worked on, and ends the
  /// connections.
  @Override
  public void close() {
    drain.begin();
    try {
      connector.shut();
      int left = drain.await(limit);
      if (left > 0) {
        LOG.warn("{} requests to {} were cut off", left, url);
      }
      connector.stop();
    } catch (Exception e) {
      LOG.warn("{} did not stop in order", url, e);
    }
    server.removeConnector(connector);
    LOG.info("no longer listening on {}", url);
  }
}
