package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// A server on loopback that answers what a test says, byte by byte, one request a connection.
final class HostileRegistry implements AutoCloseable {
  /// What was asked.
  record Asked(String line, Map<String, String> headers) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  /// Answers one request; the connection is closed afterwards.
  interface Behaviour {
    void answer(Asked asked, OutputStream out) throws IOException, InterruptedException;
  }

  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final Behaviour behaviour;
  final List<Asked> asked = new CopyOnWriteArrayList<>();

  HostileRegistry(Behaviour behaviour) throws IOException {
    this.behaviour = behaviour;
    threads.add(Thread.ofVirtual().start(this::accept));
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        sockets.add(socket);
        threads.add(Thread.ofVirtual().start(() -> serve(socket)));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String line = line(in);
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        int colon = header.indexOf(':');
        headers.put(header.substring(0, colon), header.substring(colon + 1).strip());
      }
      Asked request = new Asked(line, headers);
      asked.add(request);
      behaviour.answer(request, socket.getOutputStream());
      socket.getOutputStream().flush();
    } catch (IOException | InterruptedException | RuntimeException e) {
      // the other side has gone, or this is closed
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("closed");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  static void send(OutputStream out, int status, String headers, byte[] body) {
    try {
      String head =
          String.format(
              Locale.ROOT,
              "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n",
              status,
              body.length,
              headers);
      out.write(head.getBytes(ISO_8859_1));
      out.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void send(OutputStream out, int status, String headers) {
    send(out, status, headers, new byte[0]);
  }

  String host() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
    threads.forEach(Thread::interrupt);
  }
}
