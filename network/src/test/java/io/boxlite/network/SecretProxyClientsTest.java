package io.boxlite.network;

import static io.boxlite.network.ProxyBench.HOST;
import static io.boxlite.network.ProxyBench.KEY;
import static io.boxlite.network.ProxyBench.MARK;
import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Secret;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What programs of a box see of the proxy: curl, by HTTP/1.1 and HTTP/2.
@Timeout(120)
final class SecretProxyClientsTest {
  private static final String VALUE = KEY.value();

  @TempDir Path directory;
  private ProxyBench bench;
  private Http2Server http2;

  @BeforeEach
  void open() throws Exception {
    bench = new ProxyBench(directory, List.of(KEY), (host, address, port) -> true);
    http2 = new Http2Server(bench.world.forHost(HOST));
  }

  @AfterEach
  void close() {
    bench.close();
    http2.close();
  }

  private String curl(int port, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
    command.addAll(
        List.of("--cacert", bench.boxPem.toString(), "--connect-to", "::127.0.0.1:" + port));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    try (InputStream in = process.getInputStream()) {
      String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
      process.waitFor();
      return text;
    }
  }

  private int toHttp2() throws Exception {
    return bench.through(http2.port(), Optional.of(HOST));
  }

  @Test
  void http2IsSpokenWhenTheServerSpeaksIt() throws Exception {
    String answer =
        curl(
            toHttp2(),
            "-i",
            "-H",
            "Authorization: Bearer " + MARK,
            "-u",
            "me:" + MARK,
            "-d",
            "a" + MARK,
            "https://" + HOST + "/p?q=" + MARK.replace("<", "%3C").replace(">", "%3E"));
    assertThat(answer)
        .startsWith("HTTP/2 200")
        .contains("x-echo: yes")
        .contains(":path: /p?q=s3cr3t%2B%2Fva%22lue")
        .contains("content-length: " + ("a" + VALUE).length())
        .contains("\na" + VALUE + "END")
        .contains("x-trailer: t");
  }

  @Test
  void http1IsSpokenWhenTheServerSpeaksOnlyThat() throws Exception {
    int port = bench.through(bench.server(Optional.of(HOST), Wire::echo), Optional.of(HOST));
    assertThat(curl(port, "-i", "-H", "X: " + MARK, "https://" + HOST + "/"))
        .startsWith("HTTP/1.1 200")
        .contains("X: " + VALUE);
  }

  @Test
  void aLongBodyIsChangedWithoutALength() throws Exception {
    Path file = directory.resolve("body");
    Files.writeString(file, "z".repeat(300_000) + MARK + "z".repeat(300_000));
    String answer =
        curl(
            toHttp2(),
            "-H",
            "Content-Type: text/plain",
            "--data-binary",
            "@" + file,
            "https://" + HOST + "/");
    assertThat(answer.contains("z" + VALUE + "z")).isTrue();
    assertThat(answer.contains(MARK)).isFalse();
    assertThat(answer.contains("content-length")).isFalse();
    assertThat(answer).endsWith("END " + (600_000 + VALUE.length()));
  }

  @Test
  void anotherAuthorityIsMisdirected() throws Exception {
    String answer =
        curl(toHttp2(), "-i", "-H", "Host: evil.test", "-H", "X: " + MARK, "https://" + HOST + "/");
    assertThat(answer).startsWith("HTTP/2 421").doesNotContain(VALUE);
  }

  @Test
  void aServerThatIsNotThereIsABadGateway() throws Exception {
    int port;
    try (ServerSocket none = new ServerSocket(0)) {
      port = bench.through(none.getLocalPort(), Optional.of(HOST));
    }
    assertThat(curl(port, "-i", "https://" + HOST + "/")).contains(" 502").contains("refused");
    assertThat(curl(port, "-i", "--http2-prior-knowledge", "https://" + HOST + "/"))
        .contains(" 502");
  }

  @Test
  void aStreamThatTheServerResetsIsReset() throws Exception {
    assertThat(curl(toHttp2(), "https://" + HOST + "/reset")).contains("not closed cleanly");
  }

  @Test
  void manyStreamsShareAConnection() throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--parallel", "-H", "X: " + MARK));
    for (int i = 0; i < 60; i++) {
      arguments.add("https://" + HOST + "/n" + i);
    }
    String answer = curl(toHttp2(), arguments.toArray(String[]::new));
    assertThat(answer.split("x: " + java.util.regex.Pattern.quote(VALUE), -1)).hasSize(61);
  }

  @Test
  void muchIsSentAndReceived() throws Exception {
    Path big = directory.resolve("big");
    try (var file = new java.io.RandomAccessFile(big.toFile(), "rw")) {
      file.setLength(100L << 20);
    }
    assertThat(
            curl(
                toHttp2(),
                "-H",
                "Content-Type: text/plain",
                "-T",
                big.toString(),
                "https://" + HOST + "/count"))
        .endsWith("END " + (100L << 20));
    assertThat(
            curl(
                toHttp2(),
                "-o",
                "/dev/null",
                "-w",
                "%{size_download}",
                "https://" + HOST + "/big?" + (100L << 20)))
        .isEqualTo(Long.toString(100L << 20));
  }

  @Test
  void aBoxThatDoesNotReadStopsTheServer() throws Exception {
    Process process =
        new ProcessBuilder(
                "curl",
                "-sS",
                "--cacert",
                bench.boxPem.toString(),
                "--connect-to",
                "::127.0.0.1:" + toHttp2(),
                "--limit-rate",
                "1k",
                "https://" + HOST + "/big?100000000")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      long before;
      do {
        before = http2.sent.get();
        process.waitFor(700, java.util.concurrent.TimeUnit.MILLISECONDS);
      } while (before == 0 || http2.sent.get() != before);
      assertThat(before).isLessThan(40 << 20);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /// Raw HTTP/2, for heads that no client sends.
  private Map<String, String> http2(String... headers) throws Exception {
    try (Http2Client client = new Http2Client(bench.boxTls, toHttp2(), HOST)) {
      return client.ask(headers);
    }
  }

  @Test
  void headsThatCanBeReadInTwoWaysAreRefused() throws Exception {
    String[] good = {":method", "GET", ":scheme", "https", ":authority", HOST, ":path", "/"};
    assertThat(http2(good)).containsEntry(":status", "200");
    for (String[] more :
        List.of(
            new String[] {"host", "evil.test"},
            new String[] {"host", HOST, "host", HOST},
            new String[] {"transfer-encoding", "chunked"},
            new String[] {"connection", "close"},
            new String[] {"x", "a\r\nhost: evil.test"},
            new String[] {"X-Upper", "a"},
            new String[] {"x y", "a"},
            new String[] {"te", "gzip"},
            new String[] {"content-length", "1x"},
            new String[] {":path", "/second"},
            new String[] {":authority", "evil.test"},
            new String[] {":protocol", "websocket"})) {
      String[] all = Arrays.copyOf(good, good.length + more.length);
      System.arraycopy(more, 0, all, good.length, more.length);
      assertThat(http2(all).getOrDefault(":status", "400"))
          .as(Arrays.toString(more))
          .isEqualTo("400");
    }
    for (String path : List.of("https://evil.test/", "", "x", "/a b")) {
      assertThat(
              http2(":method", "GET", ":scheme", "https", ":authority", HOST, ":path", path)
                  .getOrDefault(":status", "400"))
          .isEqualTo("400");
    }
    for (String method : List.of("", "CONNECT", "GET / HTTP/1.1", "GET\r\nhost:")) {
      assertThat(
              http2(":method", method, ":scheme", "https", ":authority", HOST, ":path", "/")
                  .getOrDefault(":status", "400"))
          .isEqualTo("400");
    }
    assertThat(http2(":method", "GET", ":scheme", "https", ":authority", "evil.test", ":path", "/"))
        .containsEntry(":status", "421");
  }

  @Test
  void theClientOfTheJdkSpeaksBoth() throws Exception {
    // It cannot be told another address for a name, so the name is one that resolves.
    bench.proxy.secrets(List.of(Secret.of("key", "v", List.of("localhost"))));
    try (Http2Server local = new Http2Server(bench.world.forHost("localhost"));
        HttpClient client = HttpClient.newBuilder().sslContext(bench.boxTls).build()) {
      for (int port :
          new int[] {local.port(), bench.server(Optional.of("localhost"), Wire::echo)}) {
        URI uri =
            URI.create("https://localhost:" + bench.through(port, Optional.of("localhost")) + "/");
        HttpRequest request =
            HttpRequest.newBuilder(uri)
                .header("X", MARK)
                .POST(HttpRequest.BodyPublishers.ofString(MARK))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.version())
            .isEqualTo(
                port == local.port() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
        assertThat(response.body()).containsIgnoringCase("x: v\n".strip()).doesNotContain(MARK);
      }
    }
  }
}
