package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ImageRegistry;
import io.boxlite.client.RemoteBoxlite;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/// A real server over a runtime in memory, and the real client, on the [Transport] of the test's
/// class: the socket, or each of them in a class that is [OnEachTransport].
abstract class ServedTest {
  @TempDir Path home;
  @Parameter Transport transport = Transport.SOCKET;
  FakeBoxlite fake;
  RestServer server;
  RemoteBoxlite client;
  Path socket;
  private Transport.Served served;

  @BeforeEach
  void serve() throws Exception {
    fake = new FakeBoxlite();
    socket = home.resolve("boxlite.sock");
    server = RestServer.open(fake, socket);
    served = transport.serve(socket);
    client = connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    served.close();
    server.close();
  }

  /// A client of its own.
  RemoteBoxlite connect() {
    return served.connect(List.of());
  }

  /// A client of its own that has been told of registries.
  RemoteBoxlite connect(List<ImageRegistry> registries) {
    return served.connect(registries);
  }

  Box running() {
    Box box = client.create(BoxOptions.ofImage("base").build());
    box.start();
    return box;
  }

  /// Sends raw bytes and reads until the server closes or nothing comes any more.
  String raw(String request) throws Exception {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.ISO_8859_1)));
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(65536);
      try {
        while (channel.read(buffer.clear()) >= 0) {
          answer.write(buffer.array(), 0, buffer.position());
        }
      } catch (IOException reset) {
        // a server that refuses without reading the whole request resets the connection
        assertThat(answer.size()).as(reset.toString()).isPositive();
      }
      return answer.toString(StandardCharsets.UTF_8);
    }
  }

  /// {@return the answer, which is as the OpenAPI document says}
  ///
  /// @param headers lines beside those that every request has
  String request(String method, String path, String body, String... headers) throws Exception {
    String answer =
        raw(
            method
                + " "
                + path
                + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: rid-1\r\n"
                + Stream.of(headers).map(line -> line + "\r\n").collect(Collectors.joining())
                + "Content-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n"
                + body);
    ApiDocument.check(method, path, answer);
    return answer;
  }
}
