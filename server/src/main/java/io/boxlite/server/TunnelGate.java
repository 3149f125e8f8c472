package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.Tunnel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A port of this machine that leads to a port of a box: `CONNECT` makes a connection a stream of
/// bytes (RFC 9110, 9.3.6), any other request goes to the box as it is. Clients send no credential
/// there but the user of its URI, which is a secret therefore. Closes itself when nobody has come
/// for a while. Thread-safe.
final class TunnelGate implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TunnelGate.class);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final int HEAD_MILLIS = 10_000;
  private static final int MAX_HEAD = 16 * 1024;
  private static final int MAX_CONNECTIONS = 256;
  private static final int BUFFER = 32 * 1024;
  private static final Pattern CONNECT = Pattern.compile("CONNECT (\\S+) HTTP/1\\.[01]");
  private static final Pattern BASIC =
      Pattern.compile("(?im)^(?:proxy-)?authorization: *basic +([A-Za-z0-9+/=]+) *$");

  private final ServerSocket server;
  private final String token;
  private final Supplier<Tunnel> tunnels;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /// @param local where to listen
  /// @param token what clients show
  /// @param tunnels opens one to the port of the box
  TunnelGate(InetAddress local, String token, Supplier<Tunnel> tunnels) throws IOException {
    this.server = new ServerSocket(0, 0, local);
    this.token = token;
    this.tunnels = tunnels;
    server.setSoTimeout((int) IDLE.toMillis());
    Thread.ofVirtual().name("tunnel-gate").start(this::accept);
  }

  /// {@return where clients find it}
  ///
  /// @param host name or address that the client has for this machine
  String uri(String host) {
    String shown = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    return "http://" + token + "@" + shown + ":" + server.getLocalPort();
  }

  boolean isClosed() {
    return server.isClosed();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        open.add(client);
        if (open.size() > MAX_CONNECTIONS) {
          end(client);
        } else {
          Thread.ofVirtual().name("tunnel-client").start(() -> serve(client));
        }
      } catch (SocketTimeoutException e) {
        if (open.isEmpty()) {
          close();
        }
      } catch (IOException e) {
        LOG.debug("a tunnel gate does not accept", e);
        close();
      }
    }
  }

  private void serve(Socket client) {
    try {
      client.setSoTimeout(HEAD_MILLIS);
      client.setTcpNoDelay(true);
      byte[] head = head(client.getInputStream());
      String text = new String(head, StandardCharsets.ISO_8859_1);
      Matcher connect = CONNECT.matcher(text.substring(0, Math.max(0, text.indexOf('\r'))));
      boolean connects = connect.matches();
      if (!isKnown(text, connects ? connect.group(1) : "")) {
        answer(client, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"tunnel\"");
        return;
      }
      client.setSoTimeout(0);
      try (Tunnel tunnel = tunnels.get()) {
        if (connects) {
          client
              .getOutputStream()
              .write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else {
          tunnel.output().write(head);
          tunnel.output().flush();
        }
        relay(client, tunnel);
      } catch (BoxliteException e) {
        LOG.debug("a tunnel was not opened", e);
        answer(client, "502 Bad Gateway");
      }
    } catch (IOException e) {
      LOG.debug("a client of a tunnel has gone", e);
    } finally {
      end(client);
    }
  }

  /// Reads a request up to its empty line and no further.
  private static byte[] head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int matched = 0;
    while (matched < 4) {
      int next = in.read();
      if (next < 0 || head.size() == MAX_HEAD) {
        throw new IOException("no request");
      }
      head.write(next);
      boolean wanted = next == (matched % 2 == 0 ? '\r' : '\n');
      matched = wanted ? matched + 1 : next == '\r' ? 1 : 0;
    }
    return head.toByteArray();
  }

  private boolean isKnown(String head, String authority) {
    int at = authority.indexOf('@');
    if (at > 0 && isToken(authority.substring(0, at))) {
      return true;
    }
    Matcher basic = BASIC.matcher(head);
    if (basic.find()) {
      try {
        byte[] user = Base64.getDecoder().decode(basic.group(1));
        return isToken(new String(user, StandardCharsets.ISO_8859_1).replaceFirst(":.*", ""));
      } catch (IllegalArgumentException e) {
        return false;
      }
    }
    return false;
  }

  private boolean isToken(String shown) {
    return MessageDigest.isEqual(
        token.getBytes(StandardCharsets.ISO_8859_1), shown.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void answer(Socket client, String status) throws IOException {
    String text = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private void relay(Socket client, Tunnel tunnel) throws IOException {
    Thread sending =
        Thread.ofVirtual()
            .name("tunnel-in")
            .start(() -> {
              try {
                copy(client.getInputStream(), tunnel.output());
                tunnel.output().close();
              } catch (IOException e) {
                tunnel.close();
              }
            });
    try {
      copy(tunnel.input(), client.getOutputStream());
      client.shutdownOutput();
      sending.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end(client); // ends the other direction too
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      to.flush();
    }
  }

  private void end(Socket client) {
    open.remove(client);
    try {
      client.close();
    } catch (IOException e) {
      LOG.debug("a client of a tunnel did not close in order", e);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      LOG.debug("a tunnel gate did not close in order", e);
    }
    open.forEach(this::end);
  }
}
