package io.boxlite.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.Images;
import io.boxlite.api.InternalException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.StorageException;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.TransferProgress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class HostileServerTest {
  private static final String EMPTY = "{\"boxes\":[]}";

  @TempDir Path directory;
  private ServerSocketChannel server;
  private Thread serving;
  private Path socket;
  private volatile byte[] answer = new byte[0];

  @BeforeEach
  void listen() throws IOException {
    socket = directory.resolve("s");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    serving = Thread.ofPlatform().daemon().start(this::serve);
  }

  /// The kernel's socket listens until the thread in `accept` has left it.
  @AfterEach
  void close() throws IOException, InterruptedException {
    server.close();
    serving.join();
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel channel = server.accept()) {
        if (channel.read(ByteBuffer.allocate(65536)) > 0) {
          channel.write(ByteBuffer.wrap(answer));
        }
      } catch (IOException e) {
        continue;
      }
    }
  }

  private List<?> list(String text) {
    answer = text.getBytes(StandardCharsets.ISO_8859_1);
    try (RemoteBoxlite boxlite = RemoteBoxlite.connect(socket)) {
      return boxlite.list();
    }
  }

  @Test
  void lengthChunksAndEndOfConnectionAllDelimitABody() {
    assertThat(list("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + EMPTY)).isEmpty();
    assertThat(list("HTTP/1.1 200\r\n\r\n" + EMPTY)).isEmpty();
    assertThat(
            list(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "5;x=y\r\n{\"box\r\n7\r\nes\":[]}\r\n0\r\nTrailer: 1\r\n\r\n"))
        .isEmpty();
  }

  @Test
  void garbageIsANetworkError() {
    String ok = "HTTP/1.1 200 OK\r\n";
    for (String bad :
        new String[] {
          "",
          "\r\n\r\n",
          "garbage\r\n\r\n",
          "HTTP/1.0 200 OK\r\n\r\n" + EMPTY,
          "HTTP/1.1 2x0 OK\r\n\r\n",
          "HTTP/1.1 999 OK\r\n\r\n",
          ok,
          ok + "Content-Length: 12\r\n\r\n{\"bo",
          ok + "Content-Length: -1\r\n\r\n",
          ok + "Content-Length: 99999999999999999999\r\n\r\n",
          ok + "Content-Length: 12\r\nContent-Length: 12\r\n\r\n" + EMPTY,
          ok + "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n" + EMPTY,
          ok + "Transfer-Encoding: gzip\r\n\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
          ok + "no colon\r\n\r\n",
          ok + " folded: x\r\n\r\n",
          ok + "bad name: x\r\n\r\n",
          ok + "a: b\nc: d\r\n\r\n",
          ok + "a: b\rc\r\n\r\n",
          ok + "a: " + "x".repeat(10_000) + "\r\n\r\n",
          ok + "a: b\r\n".repeat(101) + "\r\n",
          "HTTP/1.1 100 \r\n\r\n".repeat(20),
        }) {
      assertThatThrownBy(() -> list(bad)).as(bad).isInstanceOf(NetworkException.class);
    }
  }

  @Test
  void aBodyThatIsNotTheContractIsRefused() {
    for (String bad : new String[] {"[]", "nope", "{\"boxes\":7}", "{\"boxes\":[", "\u0000"}) {
      assertThatThrownBy(
              () -> list("HTTP/1.1 200 OK\r\nContent-Length: " + bad.length() + "\r\n\r\n" + bad))
          .as(bad)
          .isInstanceOf(BoxliteException.class);
    }
  }

  @Test
  void failuresWithoutAnEnvelopeAreToldByTheirStatus() {
    String end = "\r\nContent-Length: 4\r\n\r\noops";
    assertThatThrownBy(() -> list("HTTP/1.1 404 x" + end)).isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> list("HTTP/1.1 401 x" + end))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("auth: ");
    assertThatThrownBy(() -> list("HTTP/1.1 503 x" + end)).isInstanceOf(NetworkException.class);
    assertThatThrownBy(() -> list("HTTP/1.1 418 x" + end)).isInstanceOf(InternalException.class);
  }

  private TemplateInfo build(String lines, List<TemplateProgress> stages) {
    String head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";
    answer = (head + lines).getBytes(StandardCharsets.ISO_8859_1);
    try (RemoteBoxlite boxlite = RemoteBoxlite.connect(socket)) {
      return boxlite.templates().build(1, 256, stages::add);
    }
  }

  private static final String BOOTING = "{\"progress\":\"booting\"}\n";
  private static final String MADE =
      "{\"template\":{\"key\":\"k1\",\"cpus\":1,\"memory_mib\":256,\"size_bytes\":7,"
          + "\"created_at\":\"1970-01-01T00:00:00Z\",\"last_used_at\":\"1970-01-01T00:00:00Z\","
          + "\"in_use\":false}}\n";

  @Test
  void stagesThatAreNotKnownAreNotTold() {
    List<TemplateProgress> stages = new ArrayList<>();
    String lines =
        BOOTING + "{\"progress\":\"polishing\"}\n{}\n{\"progress\":\"ready\",\"more\":1}\n" + MADE;
    assertThat(build(lines, stages).key()).isEqualTo("k1");
    assertThat(stages).containsExactly(TemplateProgress.BOOTING, TemplateProgress.READY);
  }

  @Test
  void anAnswerThatEndsBeforeTheTemplateIsANetworkError() {
    for (String cut : new String[] {"", BOOTING, BOOTING + "{\"prog", MADE.strip()}) {
      List<TemplateProgress> stages = new ArrayList<>();
      assertThatThrownBy(() -> build(cut, stages))
          .as(cut)
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("cut");
      assertThat(stages).hasSize(cut.startsWith(BOOTING) ? 1 : 0);
    }
  }

  @Test
  void aLineWithoutEndIsANetworkError() {
    assertThatThrownBy(() -> build(BOOTING + "x".repeat(100_000), new ArrayList<>()))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("line");
  }

  @Test
  void aLineThatIsNotTheContractIsRefused() {
    for (String bad : new String[] {"\n", "nope\n", "[]\n", "null\n", "{\"template\":7}\n"}) {
      assertThatThrownBy(() -> build(bad, new ArrayList<>()))
          .as(bad)
          .isInstanceOf(BoxliteException.class);
    }
  }

  @Test
  void anErrorBehindStagesIsOfItsKind() {
    String error = "{\"error\":{\"message\":\"m\",\"reason\":\"r\",\"code\":\"%s\"}}\n";
    List<TemplateProgress> stages = new ArrayList<>();
    assertThatThrownBy(() -> build(BOOTING + error.formatted("engine_unavailable"), stages))
        .isInstanceOf(EngineException.class)
        .hasMessageEndingWith(": m");
    assertThat(stages).containsExactly(TemplateProgress.BOOTING);
    assertThatThrownBy(() -> build(error.formatted("storage_error"), stages))
        .isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> build(error.formatted("from_the_future"), stages))
        .isInstanceOf(InternalException.class);
    assertThatThrownBy(() -> build("{\"error\":{}}\n" + MADE, stages))
        .isInstanceOf(InternalException.class);
  }

  private static final String STEP =
      "{\"progress\":{\"layer\":\"sha256:a\",\"stage\":\"transferring\",\"done\":1,\"total\":2}}\n";
  private static final String PULLED =
      "{\"image\":{\"reference\":\"a:1\",\"repository\":\"a\",\"tag\":\"1\",\"id\":\"sha256:1\","
          + "\"cached_at\":\"1970-01-01T00:00:00Z\",\"config_digest\":\"sha256:2\","
          + "\"layer_count\":3}}\n";

  private PulledImage pull(String lines, List<TransferProgress> steps) {
    String head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";
    answer = (head + lines).getBytes(StandardCharsets.ISO_8859_1);
    try (RemoteBoxlite boxlite = RemoteBoxlite.connect(socket)) {
      return boxlite.images().pull(PullOptions.of("a:1"), steps::add);
    }
  }

  @Test
  void stepsOfAPullThatAreNotKnownAreNotTold() {
    List<TransferProgress> steps = new ArrayList<>();
    String odd =
        "{}\n{\"progress\":{\"layer\":\"x\",\"stage\":\"melting\",\"done\":1,\"total\":2}}\n"
            + "{\"progress\":{\"stage\":\"done\",\"done\":-1,\"total\":-2}}\n";
    assertThat(pull(odd + STEP + PULLED, steps).layerCount()).isEqualTo(3);
    assertThat(steps).hasSize(1);
  }

  @Test
  void aPullWhoseAnswerIsCutOrMalformedFails() {
    for (String cut :
        new String[] {"", STEP, STEP + "{\"pro", PULLED.strip(), "x".repeat(100_000)}) {
      assertThatThrownBy(() -> pull(cut, new ArrayList<>()))
          .as(cut)
          .isInstanceOf(NetworkException.class);
    }
    for (String bad :
        new String[] {
          "nope\n",
          "[]\n",
          "null\n",
          "{\"image\":7}\n",
          "{\"image\":{}}\n",
          "{\"progress\":{\"done\":\"x\"}}\n",
          "{\"digest\":\"sha256:1\"}\n",
          PULLED.replace("\"layer_count\":3", "\"layer_count\":4294967297"),
          "{\"error\":{}}\n"
        }) {
      assertThatThrownBy(() -> pull(STEP + bad, new ArrayList<>()))
          .as(bad)
          .isInstanceOf(BoxliteException.class);
    }
  }

  @Test
  void anArchiveThatIsCutIsANetworkError() {
    answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntar\r\n"
            .getBytes(StandardCharsets.US_ASCII);
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (RemoteBoxlite boxlite = RemoteBoxlite.connect(socket)) {
      assertThatThrownBy(
              () -> boxlite.images().save(List.of("a"), Images.ArchiveFormat.OCI, archive))
          .isInstanceOf(NetworkException.class);
    }
  }

  @Test
  void aServerWithoutTemplatesIsToldByItsStatus() {
    answer = "HTTP/1.1 404 x\r\nContent-Length: 4\r\n\r\noops".getBytes(StandardCharsets.US_ASCII);
    try (RemoteBoxlite boxlite = RemoteBoxlite.connect(socket)) {
      assertThatThrownBy(() -> boxlite.templates().build(1, 256, _ -> {}))
          .isInstanceOf(NotFoundException.class);
      assertThatThrownBy(() -> boxlite.templates().list()).isInstanceOf(NotFoundException.class);
    }
  }

  @Test
  void aServerThatAcceptsAndDoesNotAnswerIsNotFound() {
    assertThat(RemoteBoxlite.find(socket, List.of())).isEmpty();
    assertThat(new AttachedProvider().open(directory, List.of())).isEmpty();
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".getBytes(StandardCharsets.US_ASCII);
    assertThat(RemoteBoxlite.find(socket, List.of())).isPresent();
  }

  @Test
  void nobodyListening() throws IOException, InterruptedException {
    close();
    assertThatThrownBy(() -> RemoteBoxlite.connect(socket)).isInstanceOf(NetworkException.class);
    assertThat(new AttachedProvider().open(directory, List.of())).isEmpty();
  }
}
