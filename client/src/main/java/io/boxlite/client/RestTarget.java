package io.boxlite.client;

import io.boxlite.api.RestOptions;
import io.boxlite.api.internal.SocketPaths;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import jdk.net.ExtendedSocketOptions;

/// Where a server is and how each request to it begins. Immutable.
sealed interface RestTarget {
  /// Opens one connection.
  Connection connect() throws IOException;

  /// {@return method, path, host and credential: the first lines of a request}
  ///
  /// @param path as of a server without prefix
  String head(String method, String path);

  /// How long the server may take for an answer that needs no work, in milliseconds; 0: for ever.
  int patience();

  /// A supervisor of this machine.
  ///
  /// @param path of its socket
  record UnixSocket(Path path) implements RestTarget {
    @Override
    public Connection connect() throws IOException {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(SocketPaths.ofEnvironment().reachable(path)));
        return new Connection(Wire.of(channel));
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }

    @Override
    public int patience() {
      return 0; // of this user, and it may be busy
    }

    @Override
    public String head(String method, String path) {
      return method + " " + path + " HTTP/1.1\r\nHost: boxlite\r\n";
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }

  /// A server by TCP.
  ///
  /// @param options where it is
  /// @param secure makes TLS connections, if the URL asks for them
  record Url(RestOptions options, @org.jspecify.annotations.Nullable SSLContext secure)
      implements RestTarget {
    private static final int PATIENCE_MILLIS = 30_000;
    // A server that has vanished is noticed after a minute, in whatever request.
    private static final int KEEP_ALIVE_SECONDS = 15;
    private static final int KEEP_ALIVE_COUNT = 3;
    private static final int HTTP = 80;
    private static final int HTTPS = 443;
    private static final String VERSION = "/v1";
    private static final Set<String> NEVER_PREFIXED = Set.of("/config", "/me");

    /// @throws ConfigException if the authorities of the options cannot be read
    static Url of(RestOptions options) {
      boolean tls = "https".equalsIgnoreCase(options.url().getScheme());
      return new Url(options, tls ? Trust.context(options.caFile()) : null);
    }

    private int port() {
      int port = options.url().getPort();
      return port > 0 ? port : secure == null ? HTTP : HTTPS;
    }

    private String host() {
      String host = options.url().getHost();
      return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    @Override
    public Connection connect() throws IOException {
      InetSocketAddress address = new InetSocketAddress(host(), port());
      if (address.isUnresolved()) {
        throw new IOException("host " + host() + " is unknown");
      }
      // The socket of a channel, because a thread that reads from another cannot be interrupted.
      SocketChannel channel = SocketChannel.open();
      try {
        channel.socket().connect(address, PATIENCE_MILLIS);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEP_ALIVE_SECONDS);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEP_ALIVE_COUNT);
        SSLContext context = secure;
        return new Connection(
            context == null ? Wire.of(channel) : Wire.of(encrypted(context, channel.socket())));
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }

    private SSLSocket encrypted(SSLContext context, Socket plain) throws IOException {
      SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, host(), port(), true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(PATIENCE_MILLIS);
      try {
        socket.startHandshake();
      } catch (SSLHandshakeException e) {
        throw new IOException(
            "its certificate is not accepted: "
                + e.getMessage()
                + "; if its authority is your own, name the file of it (BOXLITE_REST_CA_FILE,"
                + " RestOptions.withCaFile)",
            e);
      } catch (SSLException e) {
        throw new IOException("no TLS: " + e.getMessage() + "; is its URL http://?", e);
      }
      socket.setSoTimeout(0);
      return socket;
    }

    @Override
    public int patience() {
      return PATIENCE_MILLIS;
    }

    @Override
    public String head(String method, String path) {
      StringBuilder head = new StringBuilder(256);
      String base = options.url().getRawPath();
      head.append(method).append(' ').append(base == null ? "" : base.replaceAll("/+$", ""));
      String below = path.substring(VERSION.length());
      head.append(VERSION);
      if (!NEVER_PREFIXED.contains(below)) {
        options.pathPrefix().ifPresent(prefix -> head.append('/').append(prefix));
      }
      head.append(below).append(" HTTP/1.1\r\nHost: ").append(options.url().getRawAuthority());
      head.append("\r\n");
      options
          .apiKey()
          .ifPresent(key -> head.append("Authorization: Bearer ").append(key).append("\r\n"));
      return head.toString();
    }

    @Override
    public String toString() {
      return options.url().toString();
    }
  }
}
