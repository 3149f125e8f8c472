package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.client.ListenOptions;
import io.boxlite.client.RemoteServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The server by TCP: who gets in, and what they may do there.
@Timeout(60)
class TcpTest extends ServedTest {
  private static final String LOOPBACK = "127.0.0.1";
  private static final byte[] LIST =
      "GET /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  @AutoClose private final HttpClient http = HttpClient.newHttpClient();

  private RemoteServer.Listening listen(@Nullable String key) {
    return client.server().listen(order(LOOPBACK, key));
  }

  private static ListenOptions order(String host, @Nullable String key) {
    return new ListenOptions(
        host, 0, Optional.ofNullable(key), Optional.empty(), Optional.empty(), false, false);
  }

  private HttpResponse<String> send(
      RemoteServer.Listening at, String method, String path, String body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(at.url() + path))
            .timeout(Duration.ofSeconds(20))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> get(RemoteServer.Listening at, String path, String... headers)
      throws IOException, InterruptedException {
    return send(at, "GET", path, "", headers);
  }

  private static String[] bearer(String key) {
    return new String[] {"Authorization", "Bearer " + key};
  }

  @Test
  void loopbackNeedsNoKeyAndHasBothShapesOfPaths() throws Exception {
    try (RemoteServer.Listening at = listen(null)) {
      assertThat(at.url()).startsWith("http://127.0.0.1:");
      assertThat(get(at, "/v1/boxes").body()).isEqualTo("{\"boxes\":[]}");
      HttpResponse<String> prefixed = get(at, "/v1/some/prefix/boxes");
      assertThat(prefixed.statusCode()).isEqualTo(200);
      assertThat(prefixed.headers().map())
          .containsKeys("x-request-id", "x-content-type-options", "content-security-policy");
      assertThat(get(at, "/v1/me").body()).contains("\"sub\":\"local-anonymous\"", "box:exec");
      assertThat(get(at, "/healthz").body()).isEqualTo("ok\n");
      assertThat(get(at, "/readyz").body()).isEqualTo("ok\n");
      assertThat(get(at, "/metrics").body())
          .contains("# TYPE boxlite_boxes gauge", "boxlite_boxes{state=\"running\"} 0");
    }
  }

  @Test
  void othersNeedAKeyAndTheServerDoesNotListenWithoutOne() throws Exception {
    assertThatThrownBy(() -> client.server().listen(order("0.0.0.0", null)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("without an API key");
    try (RemoteServer.Listening at = client.server().listen(order("0.0.0.0", "k1"))) {
      assertThat(at.url()).startsWith("http://0.0.0.0:");
    }
    ListenOptions open =
        new ListenOptions(
            "0.0.0.0", 0, Optional.empty(), Optional.empty(), Optional.empty(), true, false);
    try (RemoteServer.Listening at = client.server().listen(open)) {
      assertThat(get(at, "/v1/boxes").statusCode()).isEqualTo(200);
    }
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ListenOptions order =
          new ListenOptions(
              LOOPBACK,
              taken.getLocalPort(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              false,
              false);
      assertThatThrownBy(() -> client.server().listen(order))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("cannot listen on 127.0.0.1:" + taken.getLocalPort());
    }
  }

  @Test
  void requestsWithoutTheKeyAreRefusedInTheEnvelopeOfTheContract() throws Exception {
    try (RemoteServer.Listening at = listen("right")) {
      for (String[] headers :
          List.of(
              new String[0], bearer("wrong"), new String[] {"Authorization", "Basic cmlnaHQ="})) {
        HttpResponse<String> refused = get(at, "/v1/boxes", headers);
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
        assertThat(refused.body())
            .contains("\"type\":\"AuthError\"", "\"code\":\"unauthenticated\"")
            .contains("invalid or missing API key");
      }
      assertThat(get(at, "/v1/no/such", bearer("wrong")).statusCode()).isEqualTo(401);
      assertThat(get(at, "/v1/boxes", bearer("right")).statusCode()).isEqualTo(200);
      assertThat(get(at, "/v1/boxes", "Authorization", "bearer right").statusCode()).isEqualTo(200);
      assertThat(get(at, "/v1/no/such", bearer("right")).statusCode()).isEqualTo(404);
      assertThat(get(at, "/v1/config").statusCode()).isEqualTo(200);
      assertThat(get(at, "/healthz").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void storedKeysAllowWhatTheirScopesSayUntilTheyAreRevoked() throws Exception {
    String reads = key("reader", "box:read", "me:read");
    String all = key("admin");
    try (RemoteServer.Listening at = listen(null)) {
      assertThat(get(at, "/v1/boxes", bearer(reads)).statusCode()).isEqualTo(200);
      assertThat(get(at, "/v1/me", bearer(reads)).body())
          .contains("\"sub\":\"reader\"", "\"scopes\":[\"box:read\",\"me:read\"]");
      HttpResponse<String> refused =
          send(at, "POST", "/v1/boxes", "{\"image\":\"base\"}", bearer(reads));
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body()).contains("\"code\":\"permission_denied\"", "box:write");
      assertThat(send(at, "POST", "/v1/boxes", "{\"image\":\"base\"}", bearer(all)).statusCode())
          .isEqualTo(201);
      client.server().revokeKey("reader");
      assertThat(get(at, "/v1/boxes", bearer(reads)).statusCode()).isEqualTo(401);
      // A server that began with keys does not become open when the last one goes.
      client.server().revokeKey("admin");
      assertThat(get(at, "/v1/boxes").statusCode()).isEqualTo(401);
    }
    assertThat(client.server().keys()).isEmpty();
  }

  private String key(String name, String... scopes) {
    return client.server().createKey(name, List.of(scopes)).value().orElseThrow();
  }

  @Test
  void keysAreNotStoredAndTheirNamesAreChecked() throws Exception {
    String key = key("one");
    Path file = home.resolve("keys.json");
    assertThat(Files.readString(file)).contains("\"one\"").doesNotContain(key);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(client.server().keys())
        .singleElement()
        .satisfies(k -> assertThat(k.value()).isEmpty());
    assertThatThrownBy(() -> client.server().createKey("one", List.of()))
        .isInstanceOf(AlreadyExistsException.class);
    assertThatThrownBy(() -> client.server().createKey("../two", List.of()))
        .isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> client.server().createKey("two", List.of("everything")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("box:read");
    assertThatThrownBy(() -> client.server().revokeKey("two"))
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void theServerItselfAndFilesOfItsMachineAreNotForRemoteClients() throws Exception {
    try (RemoteServer.Listening at = listen("right")) {
      assertThat(get(at, "/v1/server/keys", bearer("right")).statusCode()).isEqualTo(404);
      String order = "{\"host\":\"127.0.0.1\",\"port\":0}";
      assertThat(send(at, "POST", "/v1/server/listeners", order, bearer("right")).statusCode())
          .isEqualTo(404);
      for (String body :
          List.of(
              "{\"rootfs_path\":\"/\"}",
              "{\"image\":\"base\",\"volumes\":[{\"host_path\":\"/\",\"guest_path\":\"/m\"}]}")) {
        HttpResponse<String> refused = send(at, "POST", "/v1/boxes", body, bearer("right"));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("--allow-host-paths");
      }
      assertThat(client.list()).isEmpty();
    }
  }

  @Test
  void pagesOfOtherSitesAreRefused() throws Exception {
    try (RemoteServer.Listening at = listen(null)) {
      int port = URI.create(at.url()).getPort();
      assertThat(get(at, "/v1/boxes", "Origin", "http://evil.example").statusCode()).isEqualTo(403);
      assertThat(get(at, "/v1/boxes", "Origin", at.url()).statusCode()).isEqualTo(200);
      assertThat(get(at, "/v1/boxes").headers().map().keySet())
          .noneMatch(name -> name.startsWith("access-control"));
      // A name that an attacker lets lead to 127.0.0.1.
      assertThat(raw(port, "GET /v1/boxes HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
          .contains(" 403 ");
      assertThat(raw(port, "GET /v1/boxes HTTP/1.1\r\nHost: localhost:1\r\n\r\n"))
          .contains(" 200 ");
    }
  }

  private static String raw(int port, String request) throws IOException {
    try (Socket socket = new Socket(LOOPBACK, port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      byte[] first = new byte[4096];
      int count = socket.getInputStream().read(first);
      return new String(first, 0, Math.max(count, 0), StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void faultsOfRequestsHaveTheEnvelopeToo() throws Exception {
    try (RemoteServer.Listening at = listen(null)) {
      int port = URI.create(at.url()).getPort();
      for (String request :
          List.of(
              "NONSENSE\r\n\r\n",
              "GET /v1/boxes HTTP/1.1\r\n\r\n",
              "GET /v1/%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
              "GET /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + "x".repeat(20_000) + "\r\n\r\n",
              "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
              "POST /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n\r\n",
              "BREW /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) {
        assertThat(raw(port, request))
            .as(request.substring(0, Math.min(40, request.length())))
            .matches("(?s)HTTP/1.1 4\\d\\d .*\\{\"error\":\\{\"message\":.*\"code\":\"\\w+\".*");
      }
    }
  }

  @Test
  void theListenerGoesWithWhoAskedForIt() throws Exception {
    RemoteServer.Listening at = listen(null);
    int port = URI.create(at.url()).getPort();
    assertThat(get(at, "/v1/boxes").statusCode()).isEqualTo(200);
    at.close();
    await(() -> {
      try (Socket _ = new Socket(LOOPBACK, port)) {
        return false;
      } catch (ConnectException e) {
        return true;
      } catch (IOException e) {
        return false;
      }
    });
    // It is written when the answer has been sent.
    await(() -> {
      String audit = audit();
      return audit.contains("\"principal\":\"local-anonymous\"")
          && audit.contains("\"path\":\"/v1/boxes\"")
          && audit.contains("\"status\":200");
    });
  }

  @Test
  void whoComesWhileTheListenerGoesIsNotLeftWithoutAnAnswer() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 40; round++) {
        RemoteServer.Listening at = listen(null);
        int port = URI.create(at.url()).getPort();
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          all.add(threads.submit(() -> comeUntilRefused(port)));
        }
        at.close();
        for (Future<?> each : all) {
          each.get(20, TimeUnit.SECONDS);
        }
      }
    }
    await(() -> server.connections() <= 1); // the client's own
  }

  private static void comeUntilRefused(int port) {
    boolean refused = false;
    while (!refused) {
      try (Socket socket = new Socket(LOOPBACK, port)) {
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(LIST);
        assertThat(socket.getInputStream().readNBytes(12).length).isIn(0, 12);
      } catch (SocketTimeoutException e) {
        throw new IllegalStateException("neither answered nor closed", e);
      } catch (ConnectException e) {
        refused = true;
      } catch (IOException _) {
        // Reset: it was told.
      }
    }
  }

  private String audit() {
    try {
      return Files.readString(home.resolve("logs/audit.jsonl"));
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  void clientsThatStallSendGarbageOrVanishHarmNobody() throws Exception {
    try (RemoteServer.Listening at = listen(null)) {
      int port = URI.create(at.url()).getPort();
      List<Socket> clients = new ArrayList<>();
      byte[][] beginnings = {
        {},
        "GET /v1/boxes HT".getBytes(StandardCharsets.US_ASCII),
        "POST /v1/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
            .getBytes(StandardCharsets.US_ASCII),
        {22, 3, 1, 0, (byte) 200, 1, 2, 3},
        ("GET /v1/boxes/x/attach HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII),
      };
      for (int i = 0; i < 1000; i++) {
        Socket socket = new Socket(LOOPBACK, port);
        clients.add(socket);
        OutputStream out = socket.getOutputStream();
        out.write(beginnings[i % beginnings.length]);
      }
      long begin = System.nanoTime();
      for (int i = 0; i < 20; i++) {
        assertThat(get(at, "/v1/boxes").statusCode()).isEqualTo(200);
      }
      // 5 ms each when nothing else runs on the machine.
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
      for (int i = 0; i < clients.size(); i++) {
        clients.get(i).setSoLinger(i % 2 == 0, 0);
        clients.get(i).close();
      }
      await(() -> server.connections() <= 2); // the client's own
      assertThat(get(at, "/v1/boxes").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void tlsProvesTheNameOfTheServer() throws Exception {
    TestCertificate made = TestCertificate.shared();
    Path certificate = made.certificate();
    Path key = made.key();
    Certificate own = made.parsed();
    ListenOptions order = tls(certificate, Optional.of(key));
    try (RemoteServer.Listening at = client.server().listen(order);
        HttpClient trusting = HttpClient.newBuilder().sslContext(trust(own)).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(at.url() + "/v1/boxes"))
              .header("Authorization", "Bearer k")
              .build();
      assertThat(trusting.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
      assertThatThrownBy(() -> http.send(request, HttpResponse.BodyHandlers.ofString()))
          .isInstanceOf(IOException.class);
    }
    ListenOptions half = tls(certificate, Optional.empty());
    assertThatThrownBy(() -> client.server().listen(half)).isInstanceOf(ConfigException.class);
    ListenOptions swapped = tls(key, Optional.of(certificate));
    assertThatThrownBy(() -> client.server().listen(swapped)).isInstanceOf(ConfigException.class);
  }

  private static ListenOptions tls(Path certificate, Optional<Path> key) {
    return new ListenOptions(
        LOOPBACK, 0, Optional.of("k"), Optional.of(certificate), key, false, false);
  }

  private static SSLContext trust(Certificate certificate) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("s", certificate);
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
