package io.boxlite.cli;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// A supervisor of one box that exists in its answers only: every command in it writes a byte to
/// either output and ends with code 0. With it the whole way of `run` and `exec` is trained where
/// no VM can be had. Thread-safe.
final class ScriptedServer implements Closeable {
  private static final String BOX =
      "{\"box_id\":\"01TRAINING\",\"status\":\"running\",\"created_at\":\"2026-01-01T00:00:00Z\","
          + "\"updated_at\":\"2026-01-01T00:00:00Z\",\"image\":\"base\",\"cpus\":1,\"memory_mib\":512,"
          + "\"detach\":false,\"auto_remove\":true,\"tty\":false,\"boot_timing\":{\"origin\":\"warm\"}}";
  private static final String PULLED =
      "{\"progress\":{\"layer\":\"sha256:01\",\"stage\":\"transferring\",\"done\":1,\"total\":2}}\n"
          + "{\"image\":{\"reference\":\"base\",\"repository\":\"base\",\"tag\":\"latest\","
          + "\"id\":\"sha256:02\",\"cached_at\":\"2026-01-01T00:00:00Z\","
          + "\"config_digest\":\"sha256:03\",\"layer_count\":1,\"fetched\":true}}\n";
  private static final String GONE =
      "{\"error\":{\"message\":\"box not found\",\"type\":\"NotFoundError\",\"code\":\"not_found\"}}";
  private static final String EXIT = "{\"type\":\"exit\",\"exit_code\":0}";
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455
  private static final int BINARY_FRAME = 0x82;
  private static final int TEXT_FRAME = 0x81;

  private final Path socket;
  private final ServerSocketChannel listener;

  private ScriptedServer(Path socket, ServerSocketChannel listener) {
    this.socket = socket;
    this.listener = listener;
  }

  /// Listens where the supervisor of a home does.
  ///
  /// @param home an existing directory
  /// @return the server, to be closed by the caller
  /// @throws IOException if it cannot listen there
  static ScriptedServer open(Path home) throws IOException {
    Path socket = home.resolve("boxlite.sock");
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    ScriptedServer server = new ScriptedServer(socket, listener);
    Thread.ofPlatform().daemon().name("scripted-server").start(server::acceptAll);
    return server;
  }

  private void acceptAll() {
    try {
      while (true) {
        SocketChannel client = listener.accept();
        Thread.ofPlatform().daemon().name("scripted-client").start(() -> serve(client));
      }
    } catch (IOException closed) {
      return;
    }
  }

  private static void serve(SocketChannel client) {
    try (client;
        InputStream bytes = Channels.newInputStream(client);
        OutputStream to = Channels.newOutputStream(client)) {
      BufferedReader from =
          new BufferedReader(new InputStreamReader(bytes, StandardCharsets.ISO_8859_1));
      for (String request = from.readLine(); request != null; request = from.readLine()) {
        answer(request, from, to);
      }
    } catch (IOException gone) {
      return;
    }
  }

  private static void answer(String request, BufferedReader from, OutputStream to)
      throws IOException {
    long length = 0;
    String key = "";
    for (String line = from.readLine(); line != null && !line.isEmpty(); line = from.readLine()) {
      String value = line.substring(line.indexOf(':') + 1).strip();
      if (line.startsWith("Content-Length:")) {
        length = Long.parseLong(value);
      } else if (line.startsWith("Sec-WebSocket-Key:")) {
        key = value;
      }
    }
    for (long left = length; left > 0; left--) {
      from.read();
    }
    String path = request.split(" ", -1)[1];
    if (path.contains("/attach")) {
      attach(key, to);
      while (from.read() >= 0) {
        // What the client sends now are frames, which nobody needs.
      }
    } else if (path.endsWith("/exec")) {
      answer(to, "201 Created", "{\"execution_id\":\"e1\"}");
    } else if (path.endsWith("/pull")) {
      answer(to, "200 OK", PULLED);
    } else if (path.endsWith("/stop")) {
      answer(to, "404 Not Found", GONE);
    } else if (path.contains("/boxes")) {
      answer(to, "200 OK", BOX);
    } else {
      answer(to, "200 OK", "{}");
    }
  }

  private static void answer(OutputStream to, String status, String body) throws IOException {
    String head =
        "HTTP/1.1 "
            + status
            + "\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n";
    to.write((head + body).getBytes(StandardCharsets.US_ASCII));
  }

  private static void attach(String key, OutputStream to) throws IOException {
    String head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: "
            + accept(key)
            + "\r\nx-boxlite-execution-id: e1\r\n\r\n";
    to.write(head.getBytes(StandardCharsets.US_ASCII));
    to.write(new byte[] {(byte) BINARY_FRAME, 2, 1, 'o'});
    to.write(new byte[] {(byte) BINARY_FRAME, 2, 2, 'e'});
    to.write(new byte[] {(byte) TEXT_FRAME, (byte) EXIT.length()});
    to.write(EXIT.getBytes(StandardCharsets.US_ASCII));
  }

  private static String accept(String key) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return Base64.getEncoder()
          .encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(socket);
  }
}
