package io.boxlite.vmm.qemu.internal.qmp;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A QMP server that plays a script to its one client.
final class FakeQmpServer implements AutoCloseable {
  static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}";
  private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");

  /// What it does with its client.
  interface Script {
    void play(Client client) throws Exception;
  }

  private final ServerSocketChannel server;
  private final CompletableFuture<Void> played = new CompletableFuture<>();

  FakeQmpServer(Path socket, Script script) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual()
        .start(() -> {
          try (SocketChannel channel = server.accept()) {
            script.play(new Client(channel));
            played.complete(null);
          } catch (Throwable e) {
            played.completeExceptionally(e);
          }
        });
  }

  /// Waits for the script's end; fails if it failed.
  void awaitPlayed() throws Exception {
    played.get(10, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  /// The client, as the script sees it.
  record Client(SocketChannel channel) {

    void send(String text) throws IOException {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    void line(String text) throws IOException {
      send(text + "\r\n");
    }

    /// Reads one line; empty at the end.
    String read() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      ByteBuffer one = ByteBuffer.allocate(1);
      while (channel.read(one.clear()) > 0 && one.get(0) != '\n') {
        line.write(one.get(0));
      }
      return line.toString(StandardCharsets.UTF_8);
    }

    void greet() throws IOException {
      line(GREETING);
      answer(read(), "{}");
    }

    void answer(String command, String result) throws IOException {
      line("{\"return\": " + result + ", \"id\": \"" + id(command) + "\"}");
    }

    static String id(String command) {
      Matcher matcher = ID.matcher(command);
      if (!matcher.find()) {
        throw new AssertionError("no id in " + command);
      }
      return matcher.group(1);
    }
  }
}
