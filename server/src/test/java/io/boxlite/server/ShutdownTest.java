package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.client.ListenOptions;
import io.boxlite.client.RemoteServer;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How a server and its listeners end: who stays is told, who is worked on gets an answer, and
/// boxes and commands go on.
@Timeout(60)
class ShutdownTest extends ServedTest {
  private static final int CLOSE = 8;
  private static final int GOING_AWAY = 1001;

  @AutoClose private final HttpClient http = HttpClient.newHttpClient();
  @AutoClose private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private RemoteServer.Listening listen() {
    return client
        .server()
        .listen(
            new ListenOptions(
                "127.0.0.1",
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false));
  }

  private static int port(RemoteServer.Listening at) {
    return URI.create(at.url()).getPort();
  }

  private HttpRequest get(RemoteServer.Listening at, String path) {
    return HttpRequest.newBuilder(URI.create(at.url() + path))
        .timeout(Duration.ofSeconds(30))
        .build();
  }

  private static int code(RawSocket.Frame close) {
    return ((close.payload()[0] & 0xff) << 8) | (close.payload()[1] & 0xff);
  }

  @Test
  void anAttachedClientIsToldAndItsCommandGoesOnWithTheNextServer() throws Exception {
    Box box = running();
    Execution execution = box.exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(execution);
    String path = "/v1/boxes/" + box.id() + "/executions/" + execution.id() + "/attach";
    try (RawSocket attached = new RawSocket(socket)) {
      assertThat(attached.upgrade(path)).startsWith("HTTP/1.1 101 ");
      command.out.write("before");
      assertThat(attached.data().text()).endsWith("before");
      server.close();
      RawSocket.Frame last = attached.data();
      assertThat(last.opcode()).isEqualTo(CLOSE);
      assertThat(code(last)).isEqualTo(GOING_AWAY);
      assertThat(last.text()).contains("the server is shutting down");
    }
    assertThat(command.exit).isNotDone();
    assertThat(command.signals).isEmpty();
    server = RestServer.open(fake, socket);
    FakeExecution next = (FakeExecution) fake.only().execution(execution.id()).orElseThrow();
    assertThat(next).isSameAs(command);
  }

  @Test
  void theClientOfALibrarySaysWhy() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    InputStream out = execution.stdout();
    Future<Throwable> reading =
        threads.submit(() -> {
          try {
            out.readAllBytes();
            return new AssertionError("the output ended");
          } catch (java.io.IOException e) {
            return e;
          }
        });
    fake.only().execution(execution).out.write("begun");
    server.close();
    assertThat(reading.get()).hasMessageContaining("the server is shutting down");
  }

  @Test
  void aBoxThatShallStopWithItsClientStaysWhenOnlyTheServerLeaves() throws Exception {
    Box box = running();
    try (RawSocket attached = new RawSocket(socket)) {
      attached.upgrade("/v1/boxes/" + box.id() + "/attach?stop_on_detach=true");
      fake.only().main.out.write("x");
      attached.data();
      server.close();
      assertThat(code(attached.data())).isEqualTo(GOING_AWAY);
    }
    assertThat(fake.only().stopped.getCount()).isEqualTo(1);
  }

  @Test
  void aTunnelIsTold() throws Exception {
    Box box = running();
    try (ServerSocket inBox = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawSocket tunnel = new RawSocket(socket)) {
      String path = "/v1/boxes/" + box.id() + "/network/tunnel?port=" + inBox.getLocalPort();
      assertThat(tunnel.upgrade(path)).startsWith("HTTP/1.1 101 ");
      try (Socket accepted = inBox.accept()) {
        accepted.getOutputStream().write('x');
        assertThat(tunnel.data().text()).isEqualTo("x");
        server.close();
        assertThat(code(tunnel.data())).isEqualTo(GOING_AWAY);
        assertThat(accepted.getInputStream().read()).isNegative();
      }
    }
  }

  @Test
  void aLogThatIsFollowedEndsInOrder() throws Exception {
    Box box = running();
    FakeLog log = new FakeLog();
    fake.only().log = log;
    RemoteServer.Listening at = listen();
    HttpResponse<InputStream> followed =
        http.send(
            get(at, "/v1/boxes/" + box.id() + "/logs?follow=true"),
            HttpResponse.BodyHandlers.ofInputStream());
    log.write("line");
    InputStream body = followed.body();
    assertThat(body.readNBytes(4)).asString(StandardCharsets.UTF_8).isEqualTo("line");
    at.finish();
    assertThat(body.readAllBytes()).isEmpty(); // and not an answer that was cut
    assertThat(at.awaitEnd(_ -> {})).isTrue();
    at.close();
  }

  @Test
  void whoWaitsForABoxIsToldToAskAgain() throws Exception {
    Box box = running();
    CountDownLatch waiting = new CountDownLatch(1);
    fake.only().waits =
        () -> {
          waiting.countDown();
          new CountDownLatch(1).await();
        };
    RemoteServer.Listening at = listen();
    HttpRequest wait =
        HttpRequest.newBuilder(URI.create(at.url() + "/v1/boxes/" + box.id() + "/wait")).build();
    CompletableFuture<HttpResponse<String>> answer =
        http.sendAsync(wait, HttpResponse.BodyHandlers.ofString());
    waiting.await();
    at.finish();
    assertThat(answer.get().statusCode()).isEqualTo(503);
    assertThat(answer.get().body()).contains("the server is shutting down");
    assertThat(at.awaitEnd(_ -> {})).isTrue();
    at.close();
  }

  @Test
  void whatIsWorkedOnIsAnsweredAndNothingNewIsTaken() throws Exception {
    RemoteServer.Listening at = listen();
    try (Socket working = new Socket("127.0.0.1", port(at));
        Socket open = new Socket("127.0.0.1", port(at))) {
      String body = "{\"image\":\"base\"}";
      String head =
          "POST /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + body.length();
      write(working, head + "\r\nExpect: 100-continue\r\n\r\n");
      String go = "HTTP/1.1 100 Continue\r\n\r\n"; // when a route reads
      assertThat(working.getInputStream().readNBytes(go.length())).asString().isEqualTo(go);
      write(open, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      assertThat(open.getInputStream().readNBytes(12)).asString().endsWith("200");
      at.finish();
      awaitRefusal(port(at));
      open.getInputStream().skipNBytes(open.getInputStream().available());
      write(open, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      assertThat(text(open)).contains("HTTP/1.1 503 ", "Connection: close");
      write(working, body);
      assertThat(working.getInputStream().readNBytes(12)).asString().endsWith("201");
    }
    assertThat(at.awaitEnd(_ -> {})).isTrue();
    at.close();
    assertThat(fake.list()).hasSize(1);
  }

  private static void write(Socket to, String text) throws Exception {
    to.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String text(Socket from) throws Exception {
    return new String(from.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void awaitRefusal(int port) throws Exception {
    boolean refused = false;
    while (!refused) {
      try (Socket _ = new Socket("127.0.0.1", port)) {
        LockSupport.parkNanos(1_000_000);
      } catch (ConnectException e) {
        refused = true;
      }
    }
  }

  @Test
  void whatTakesTooLongIsCutOff() throws Exception {
    server.close();
    server = RestServer.open(fake, socket, Tracing.NONE, Duration.ofMillis(200));
    Future<Throwable> pull =
        threads.submit(() -> {
          try {
            client.images().pull("stuck");
            return new AssertionError("pulled");
          } catch (RuntimeException e) {
            return e;
          }
        });
    fake.images.waiting.await();
    server.close();
    assertThat(pull.get()).isInstanceOf(io.boxlite.api.NetworkException.class);
  }

  @Test
  void theEndOfTheServerIsNotThatOfTheCommandThatServes() throws Exception {
    RemoteServer.Listening at = listen();
    server.close();
    assertThat(at.awaitEnd(_ -> {})).isFalse();
    assertThat(Files.exists(socket)).isFalse();
    awaitRefusal(port(at));
    at.close();
  }

  @Test
  void whoServesGetsTheLog() throws Exception {
    RemoteServer.Listening first = listen();
    List<String> lines = new CopyOnWriteArrayList<>();
    Future<Boolean> end = threads.submit(() -> first.awaitEnd(line -> lines.add(line.text())));
    // What comes before it listens to the log is not for it.
    while (lines.stream().noneMatch(line -> line.contains(" INFO  TcpListener: listening on"))) {
      RemoteServer.Listening second = listen();
      second.close();
      LockSupport.parkNanos(10_000_000);
    }
    first.finish();
    assertThat(end.get()).isTrue();
    first.close();
  }
}
