package io.boxlite.network;

import static io.boxlite.network.ProxyBench.HOST;
import static io.boxlite.network.ProxyBench.KEY;
import static io.boxlite.network.ProxyBench.MARK;
import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class SecretProxyHttp1Test {
  private static final String VALUE = KEY.value();
  private static final Secret OTHER = Secret.of("other", "other-value", List.of("other.test"));
  private static final Secret PLAIN =
      new Secret("plain", "plain-value", List.of("plain.test"), "<BOXLITE_SECRET:plain>", true);

  @TempDir Path directory;
  private ProxyBench bench;
  private final AtomicInteger served = new AtomicInteger();

  @BeforeEach
  void open() throws Exception {
    bench =
        new ProxyBench(
            directory,
            List.of(KEY, OTHER, PLAIN),
            (host, address, port) -> host.equals("plain.test") || host.equals(HOST));
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private Socket echo() throws IOException {
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              served.incrementAndGet();
              Wire.echo(socket);
            });
    return bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
  }

  private static String ask(Socket socket, String request) throws IOException {
    socket.getOutputStream().write(Wire.bytes(request));
    socket.getOutputStream().flush();
    return answer(socket);
  }

  private static String answer(Socket socket) throws IOException {
    String head = Wire.head(socket.getInputStream());
    return head + Wire.body(head, socket.getInputStream());
  }

  @Test
  void headersGetTheValue() throws Exception {
    String basic =
        Base64.getEncoder().encodeToString(("me:" + MARK).getBytes(StandardCharsets.US_ASCII));
    String answer =
        ask(
            echo(),
            "GET /%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-CaSe: a%sb%s\r\nProxy-Authorization: Basic %s\r\nX-Other: %s\r\n\r\n"
                .formatted(MARK, HOST, MARK, MARK, MARK, basic, OTHER.placeholder()));
    assertThat(answer)
        .contains("X-Echo: Yes")
        .contains("GET /" + MARK + " ")
        .contains("Authorization: Bearer " + VALUE + "\r\n")
        .contains("X-CaSe: a" + VALUE + "b" + VALUE + "\r\n")
        .contains(
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(("me:" + VALUE).getBytes(StandardCharsets.US_ASCII)))
        .contains("X-Other: " + OTHER.placeholder());
  }

  @Test
  void theQueryGetsTheValuePercentEncoded() throws Exception {
    String answer =
        ask(
            echo(),
            "GET /a?k=%s&l=%%3CBOXLITE_SECRET:key%%3e&m=1 HTTP/1.1\r\nHost: %s\r\n\r\n"
                .formatted(MARK, HOST));
    assertThat(answer)
        .contains("GET /a?k=s3cr3t%2B%2Fva%22lue&l=s3cr3t%2B%2Fva%22lue&m=1 HTTP/1.1");
  }

  @Test
  void aShortBodyGetsTheValueAndItsLength() throws Exception {
    Socket socket = echo();
    String body = "x" + MARK + "y";
    for (int i = 0; i < 3; i++) {
      assertThat(ask(socket, post("text/plain", body)))
          .containsIgnoringCase("\r\nContent-Length: " + ("x" + VALUE + "y").length() + "\r\n")
          .endsWith("\r\n\r\nx" + VALUE + "y");
    }
    assertThat(
            ask(socket, post("application/json", "{\"k\":\"\\u003cBOXLITE_SECRET:key\\u003e\"}")))
        .endsWith("{\"k\":\"s3cr3t+/va\\\"lue\"}");
    assertThat(
            ask(
                socket,
                post("application/x-www-form-urlencoded", "k=%3CBOXLITE_SECRET%3Akey%3E&l=1")))
        .endsWith("k=s3cr3t%2B%2Fva%22lue&l=1");
    assertThat(ask(socket, post("application/x-www-form-urlencoded", "{\"k\":\"" + MARK + "\"}")))
        .endsWith("{\"k\":\"" + VALUE + "\"}");
    assertThat(served).hasValue(1);
  }

  private static String post(String type, String body) {
    return "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(HOST, type, body.length(), body);
  }

  @Test
  void aPlaceholderSplitBetweenChunksIsFound() throws Exception {
    Socket socket = echo();
    OutputStream out = socket.getOutputStream();
    out.write(
        Wire.bytes(
            "POST / HTTP/1.1\r\nHost: "
                + HOST
                + "\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"));
    for (char c : ("a<BOX" + MARK + "<b").toCharArray()) {
      out.write(Wire.bytes("1\r\n" + c + "\r\n"));
      out.flush();
    }
    String answer = ask(socket, "0\r\nX-T: " + MARK + "\r\n\r\n");
    assertThat(answer).endsWith("a<BOX" + VALUE + "<b[trailer X-T: " + VALUE + "]");
  }

  @Test
  void aLongBodyIsChangedAsItGoes() throws Exception {
    String body = "z".repeat(70_000) + MARK + "z".repeat(70_000);
    assertThat(ask(echo(), post("text/plain", body)))
        .contains("transfer-encoding: chunked\r\n\r\n")
        .endsWith("\r\n\r\n" + body.replace(MARK, VALUE));
  }

  @Test
  void aCompressedBodyIsLeftAsItIs() throws Exception {
    String answer = ask(echo(), post("text/plain\r\nContent-Encoding: gzip", "not really " + MARK));
    assertThat(answer).endsWith("not really " + MARK);
  }

  @Test
  void requestsSentAheadAreAnsweredInOrder() throws Exception {
    Socket socket = echo();
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      all.append(post("text/plain", i + ":" + MARK));
    }
    socket.getOutputStream().write(Wire.bytes(all.toString()));
    socket.getOutputStream().flush();
    for (int i = 0; i < 50; i++) {
      assertThat(answer(socket)).endsWith("\r\n\r\n" + i + ":" + VALUE);
    }
    assertThat(served).hasValue(1);
  }

  @Test
  void headHasNoBodyAndTheConnectionGoesOn() throws Exception {
    Socket socket = echo();
    socket.getOutputStream().write(Wire.bytes("HEAD /a HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n"));
    assertThat(Wire.head(socket.getInputStream())).contains("Content-Length: ");
    assertThat(ask(socket, "GET /b HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n")).contains("GET /b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: H\r\nHost: H\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: H\r\nHost: evil.test\r\n\r\n",
        "GET / HTTP/1.1\nHost: H\n\n",
        "GET / HTTP/1.1\r\nHost: H\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: evil.test\r\nHost: H\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : H\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: H\r\nX Y: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: H\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: H\r\nX: a\0b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: H\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: H\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: H\r\n\r\n",
        "GET http://evil.test/ HTTP/1.1\r\nHost: H\r\n\r\n",
        "GET https://H@evil.test/ HTTP/1.1\r\nHost: H\r\n\r\n",
        "GET evil HTTP/1.1\r\nHost: H\r\n\r\n",
        "CONNECT H:443 HTTP/1.1\r\nHost: H\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      })
  void whatCanBeReadInTwoWaysIsRefused(String request) throws Exception {
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              if (socket.getInputStream().read() >= 0) {
                served.incrementAndGet();
              }
            });
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    String answer =
        ask(
            socket,
            request
                .replace("H\r", HOST + "\r")
                .replace("H@", HOST + "@")
                .replace("H:", HOST + ":"));
    assertThat(answer).startsWith("HTTP/1.1 400 ").containsIgnoringCase("connection: close");
    assertThat(socket.getInputStream().read()).isNegative();
    assertThat(served).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"zz\r\nabc\r\n", "3 \nabc\r\n", "-1\r\n", "3\r\nabcdef\r\n"})
  void badChunksEndTheConnection(String chunk) throws Exception {
    Socket socket = echo();
    socket
        .getOutputStream()
        .write(
            Wire.bytes(
                "POST / HTTP/1.1\r\nHost: "
                    + HOST
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk));
    socket.getOutputStream().flush();
    assertThat(Wire.head(socket.getInputStream())).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void anotherHostThanThatOfTheConnectionIsMisdirected() throws Exception {
    Socket socket = echo();
    String answer =
        ask(socket, "GET / HTTP/1.1\r\nHost: evil.test\r\nAuthorization: " + MARK + "\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 421 ").doesNotContain(VALUE);
    assertThat(socket.getInputStream().read()).isNegative();
  }

  @Test
  void aHelloForAnotherHostIsCutOff() throws Exception {
    int port = bench.server(Optional.of("other.test"), Wire::echo);
    int through = bench.through(port, Optional.of(HOST));
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> bench.tls(through, "other.test", "http/1.1"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aServerWithACertificateForAnotherNameIsNotSpokenTo() throws Exception {
    int port = bench.server(Optional.of("evil.test"), Wire::echo);
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    assertThat(ask(socket, "GET / HTTP/1.1\r\nHost: " + HOST + "\r\nX: " + MARK + "\r\n\r\n"))
        .startsWith("HTTP/1.1 502 ")
        .contains("certificate")
        .doesNotContain(VALUE);
  }

  @Test
  void aServerThatIsNotThereIsABadGateway() throws Exception {
    int port;
    try (ServerSocket none = new ServerSocket(0)) {
      port = none.getLocalPort();
    }
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    assertThat(ask(socket, "GET / HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n"))
        .startsWith("HTTP/1.1 502 ")
        .contains("refused");
  }

  @Test
  void aServerThatSaysNothingIsABadGateway() throws Exception {
    int port = bench.server(Optional.of(HOST), socket -> Wire.head(socket.getInputStream()));
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    assertThat(ask(socket, "GET / HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n"))
        .startsWith("HTTP/1.1 502 ");
  }

  @Test
  void aWebSocketIsRawBothWaysAfterTheUpgrade() throws Exception {
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              String head = Wire.head(socket.getInputStream());
              String seen = Wire.header(head, "Authorization");
              socket
                  .getOutputStream()
                  .write(
                      Wire.bytes(
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello "
                              + seen
                              + "\n"));
              ProxyBench.copy(socket.getInputStream(), socket.getOutputStream());
            });
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    socket
        .getOutputStream()
        .write(
            Wire.bytes(
                "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: %s\r\n\r\n"
                    .formatted(HOST, MARK)));
    assertThat(Wire.head(socket.getInputStream())).startsWith("HTTP/1.1 101 ");
    assertThat(Wire.line(socket.getInputStream())).isEqualTo("hello " + VALUE);
    for (int i = 0; i < 100; i++) {
      socket.getOutputStream().write(Wire.bytes("\0GET " + MARK + "\n"));
      assertThat(Wire.line(socket.getInputStream())).contains("GET " + MARK);
    }
  }

  @Test
  void eventsComeAsTheyAreSent() throws Exception {
    LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              Wire.head(socket.getInputStream());
              OutputStream out = socket.getOutputStream();
              out.write(Wire.bytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"));
              for (String event = events.take(); !event.isEmpty(); event = events.take()) {
                out.write(Wire.bytes(event));
                out.flush();
              }
            });
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    socket.getOutputStream().write(Wire.bytes("GET / HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n"));
    Wire.head(socket.getInputStream());
    for (int i = 0; i < 20; i++) {
      events.add("data: " + i + "\n");
      assertThat(Wire.line(socket.getInputStream())).isEqualTo("data: " + i);
    }
    events.add("");
    assertThat(socket.getInputStream().read()).isNegative();
  }

  @Test
  void continueIsAnsweredForAHeldBodyAndPassedOnForALongOne() throws Exception {
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              InputStream in = socket.getInputStream();
              while (true) {
                String head = Wire.head(in);
                if (head.isEmpty()) {
                  return;
                }
                if (!Wire.header(head, "Expect").isEmpty()) {
                  socket.getOutputStream().write(Wire.bytes("HTTP/1.1 100 Continue\r\n\r\n"));
                }
                String body = Wire.body(head, in);
                String text = "expect=" + Wire.header(head, "Expect") + " " + body.length();
                socket
                    .getOutputStream()
                    .write(
                        Wire.bytes(
                            "HTTP/1.1 200 OK\r\nContent-Length: "
                                + text.length()
                                + "\r\n\r\n"
                                + text));
              }
            });
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    for (int length : new int[] {10, 100_000}) {
      String request = post("text/plain\r\nExpect: 100-continue", "x".repeat(length));
      int end = request.indexOf("\r\n\r\n") + 4;
      socket.getOutputStream().write(Wire.bytes(request.substring(0, end)));
      assertThat(Wire.head(socket.getInputStream())).startsWith("HTTP/1.1 100 ");
      assertThat(ask(socket, request.substring(end)))
          .endsWith("expect=" + (length > 65536 ? "100-continue " : " ") + length);
    }
  }

  @Test
  void aServerThatDoesNotReadStopsTheBox() throws Exception {
    LinkedBlockingQueue<String> go = new LinkedBlockingQueue<>();
    int port =
        bench.server(
            Optional.of(HOST),
            socket -> {
              String head = Wire.head(socket.getInputStream());
              go.take();
              long count = Wire.body(head, socket.getInputStream()).length();
              String text = "got " + count;
              socket
                  .getOutputStream()
                  .write(
                      Wire.bytes(
                          "HTTP/1.1 200 OK\r\nContent-Length: "
                              + text.length()
                              + "\r\n\r\n"
                              + text));
            });
    Socket socket = bench.tls(bench.through(port, Optional.of(HOST)), HOST, "http/1.1");
    int length = 64 << 20;
    java.util.concurrent.atomic.AtomicLong sent = new java.util.concurrent.atomic.AtomicLong();
    Thread sender =
        Thread.startVirtualThread(() -> {
          try {
            OutputStream out = socket.getOutputStream();
            out.write(
                Wire.bytes(
                    "POST / HTTP/1.1\r\nHost: "
                        + HOST
                        + "\r\nContent-Length: "
                        + length
                        + "\r\n\r\n"));
            byte[] part = new byte[65536];
            for (int left = length; left > 0; left -= part.length) {
              out.write(part);
              sent.addAndGet(part.length);
            }
          } catch (IOException e) {
            // Seen below.
          }
        });
    long before;
    do {
      before = sent.get();
      sender.join(java.time.Duration.ofMillis(500));
    } while (sent.get() != before || before == 0);
    // What kernels hold between four sockets, and what the proxy does.
    assertThat(before).isLessThan(32 << 20);
    go.add("go");
    assertThat(answer(socket)).endsWith("got " + length);
  }

  @Test
  void plainHttpIsCheckedAndGetsOnlySecretsForIt() throws Exception {
    int port = bench.server(Optional.empty(), Wire::echo);
    int through = bench.through(port, Optional.empty());
    String get = "GET /?%s HTTP/1.1\r\nHost: %s\r\nX: " + MARK + PLAIN.placeholder() + "\r\n\r\n";
    Socket socket = bench.plain(through);
    assertThat(ask(socket, get.formatted("a", "plain.test:8080")))
        .contains("X: " + MARK + "plain-value");
    assertThat(ask(socket, get.formatted("b", HOST))).contains("X: " + MARK + PLAIN.placeholder());
    assertThat(ask(socket, get.formatted("c", "evil.test")))
        .startsWith("HTTP/1.1 403 ")
        .contains("do not allow evil.test");
    assertThat(socket.getInputStream().read()).isNegative();
  }

  @Test
  void aBoxThatHasSaidAllOfItStillGetsTheAnswer() throws Exception {
    int port = bench.server(Optional.empty(), Wire::echo);
    Socket socket = bench.plain(bench.through(port, Optional.empty()));
    socket.getOutputStream().write(Wire.bytes("GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n"));
    socket.shutdownOutput();
    assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
    assertThat(socket.getInputStream().read()).isNegative();
  }

  @Test
  void anUpgradeToHttp2WithoutTlsIsNotPassedOn() throws Exception {
    int port = bench.server(Optional.empty(), Wire::echo);
    Socket socket = bench.plain(bench.through(port, Optional.empty()));
    assertThat(
            ask(
                socket,
                "GET / HTTP/1.1\r\nHost: plain.test\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ")
        .doesNotContainIgnoringCase("h2c");
  }

  @Test
  void secretsCanBeReplaced() throws Exception {
    Socket socket = echo();
    String get = "GET / HTTP/1.1\r\nHost: " + HOST + "\r\nX: " + MARK + "\r\n\r\n";
    assertThat(ask(socket, get)).contains("X: " + VALUE);
    bench.proxy.secrets(List.of(Secret.of("key", "second", List.of(HOST))));
    assertThat(ask(socket, get)).contains("X: second");
    bench.proxy.secrets(List.of());
    assertThat(ask(socket, get)).contains("X: " + MARK);
  }

  @Test
  void connectionsWithoutTheTokenAreClosed() throws Exception {
    var address = java.net.UnixDomainSocketAddress.of(bench.proxy.socket());
    for (String line : List.of("v1 0 127.0.0.1 1 -\n", "\n", "x".repeat(2000))) {
      try (var channel = java.nio.channels.SocketChannel.open(address)) {
        channel.write(java.nio.ByteBuffer.wrap(Wire.bytes(line)));
        assertThat(java.nio.channels.Channels.newInputStream(channel).read()).isNegative();
      } catch (IOException e) {
        assertThat(e).hasMessageMatching(".*(reset|Broken pipe).*");
      }
    }
  }

  @Test
  void closedConnectionsAreForgotten() throws Exception {
    Socket socket = echo();
    ask(socket, "GET / HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n");
    socket.close();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (bench.proxy.connections() > 0 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(bench.proxy.connections()).isZero();
  }
}
