package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.ImageRegistry.Credentials;
import io.boxlite.api.Images.ArchiveFormat;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.StorageException;
import io.boxlite.api.TransferProgress;
import io.boxlite.client.RemoteBoxlite;
import java.io.ByteArrayOutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnEachTransport
@Timeout(30)
class ImageRoutesTest extends ServedTest {
  private static final ImageRegistry PRIVATE =
      new ImageRegistry(
          "r.example:5000",
          true,
          true,
          true,
          Optional.of(new Credentials.Basic("u", "hunter2")),
          Optional.of("/ca.pem"),
          List.of("http://m.example"));
  private static final ImageRegistry TOKEN =
      new ImageRegistry(
          "t.example",
          false,
          false,
          false,
          Optional.of(new Credentials.Bearer("t0ken")),
          Optional.empty(),
          List.of());

  @Test
  void aPullGoesTheWholeWayWithItsRegistries() {
    List<TransferProgress> steps = new ArrayList<>();
    PullOptions options =
        new PullOptions("a:1", Optional.of("linux/arm64"), List.of(PRIVATE, TOKEN));
    PulledImage pulled = client.images().pull(options, steps::add);
    assertThat(fake.images.pulls).containsExactly(options);
    assertThat(pulled).isEqualTo(new PulledImage(FakeImages.info("a:1"), "sha256:c", 3, true));
    assertThat(steps)
        .extracting(TransferProgress::stage)
        .containsExactly(
            TransferProgress.Stage.WAITING,
            TransferProgress.Stage.TRANSFERRING,
            TransferProgress.Stage.DONE);
  }

  @Test
  void registriesOfAClientAreSentBehindThoseOfTheCall() {
    try (RemoteBoxlite own = connect(List.of(TOKEN))) {
      own.images().push("base:latest", List.of(PRIVATE), _ -> {});
      own.create(BoxOptions.ofImage("base:latest").build());
      own.create(BoxOptions.ofImage("new:1").build());
      assertThatThrownBy(() ->
              own.create(BoxOptions.ofImage("no:1").pull(BoxOptions.PullPolicy.NEVER).build()))
          .isInstanceOf(ImageException.class);
    }
    assertThat(fake.images.pulls)
        .containsExactly(
            new PullOptions("base:latest", Optional.empty(), List.of(PRIVATE, TOKEN)),
            new PullOptions("new:1", Optional.empty(), List.of(TOKEN)));
  }

  @Test
  void manyStepsAreThinned() {
    fake.images.bursts = 5000;
    List<TransferProgress> steps = new ArrayList<>();
    client.images().pull(PullOptions.of("a:1"), steps::add);
    assertThat(steps).hasSizeBetween(3, 60);
    assertThat(steps.getLast().stage()).isEqualTo(TransferProgress.Stage.DONE);
  }

  @Test
  void withoutTheHeaderTheAnswerIsThatOfTheContract() throws Exception {
    assertThat(request("POST", "/v1/images/pull", "{\"reference\":\"a:1\"}"))
        .startsWith("HTTP/1.1 200 ")
        .contains("\"reference\":\"a:1\"", "\"config_digest\":\"sha256:c\"", "\"layer_count\":3")
        .doesNotContain("progress");
    fake.images.pullFails = new ImageException("manifest_unknown", "no such image");
    assertThat(request("POST", "/v1/images/pull", "{\"reference\":\"a:1\"}"))
        .startsWith("HTTP/1.1 422 ")
        .contains("\"code\":\"image_pull_failed\"");
    assertThatThrownBy(() -> client.images().pull("a:1"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("no such image");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"reference\":\"a\",\"registries\":[{\"host\":\"h\",\"auth\":{\"password\":\"hunter2\" x",
        "{\"reference\":\"a\",\"registries\":\"hunter2\"}",
        "{\"reference\":\"a\",\"registries\":[{\"host\":\"h\",\"auth\":{\"type\":\"hunter2\"}}]}",
        "{\"reference\":7,\"registries\":[{\"host\":\"h\",\"auth\":{\"password\":\"hunter2\"}}]}",
        "{\"reference\":\"a\",\"surprise\":\"hunter2\"}",
        "{\"registries\":[{\"host\":\"h\",\"auth\":{\"type\":\"bearer\",\"token\":\"hunter2\"}}]}"
      })
  void whatIsWrongIsToldWithoutSecrets(String body) throws Exception {
    for (String path : new String[] {"/v1/images/pull", "/v1/images/push"}) {
      assertThat(request("POST", path, body))
          .startsWith("HTTP/1.1 400 ")
          .contains("invalid_argument")
          .doesNotContain("hunter2");
    }
    assertThat(fake.images.pulls).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Accept: application/x-ndjson\r\n"})
  void aClientThatGoesAwayInterruptsItsPull(String header) throws Exception {
    String body = "{\"reference\":\"stuck\"}";
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      String head =
          "POST /v1/images/pull HTTP/1.1\r\nHost: x\r\n" + header + "Content-Length: 21\r\n\r\n";
      channel.write(ByteBuffer.wrap((head + body).getBytes(StandardCharsets.US_ASCII)));
      fake.images.waiting.await();
    }
    assertThat(fake.images.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(client.images().list()).isNotEmpty();
  }

  @Test
  void anInterruptedCallerEndsThePullOnTheServer() throws Exception {
    Thread caller = Thread.startVirtualThread(() -> client.images().pull("stuck"));
    fake.images.waiting.await();
    caller.interrupt();
    assertThat(fake.images.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    caller.join();
  }

  @Test
  void imagesComeInPages() throws Exception {
    fake.images.names.addAll(List.of("a:1", "b:1", "c:1"));
    String first = request("GET", "/v1/images?pageSize=3", "");
    assertThat(first).contains("a:1", "b:1", "base:latest").doesNotContain("c:1");
    String token = first.replaceAll("(?s).*\"next_page_token\":\"([^\"]*)\".*", "$1");
    assertThat(request("GET", "/v1/images?pageSize=3&pageToken=" + token, ""))
        .contains("c:1")
        .doesNotContain("a:1", "next_page_token");
    assertThat(request("GET", "/v1/images", "")).contains("c:1").doesNotContain("next_page_token");
    for (String bad : new String[] {"pageSize=0", "pageSize=1001", "pageSize=x", "pageToken=!"}) {
      assertThat(request("GET", "/v1/images?" + bad, "")).startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void oneImageByItsDigest() throws Exception {
    assertThat(request("GET", "/v1/images/sha256:1", "")).contains("\"id\":\"sha256:1\"");
    assertThat(request("HEAD", "/v1/images/sha256:1", "")).startsWith("HTTP/1.1 204 ");
    assertThat(request("GET", "/v1/images/sha256:2", "")).startsWith("HTTP/1.1 404 ");
    assertThat(request("HEAD", "/v1/images/sha256:2", "")).startsWith("HTTP/1.1 404 ");
    assertThat(client.images().get("base:latest")).contains(FakeImages.info("base:latest"));
    assertThat(client.images().get("x:1")).isEmpty();
  }

  @Test
  void detailsNamesRemovalsAndUsageSurviveTheWire() {
    assertThat(client.images().inspect("base:latest"))
        .isEqualTo(fake.images.inspect("base:latest"));
    assertThat(client.images().tag("base:latest", "r.example:5000/x/y:1").tag()).isNotEmpty();
    assertThat(client.images().remove("r.example:5000/x/y:1", true).deleted())
        .containsExactly(FakeImages.ID);
    assertThatThrownBy(() -> client.images().remove("x:1", false))
        .isInstanceOf(NotFoundException.class);
    assertThat(client.images().prune(true)).isEqualTo(fake.images.prune(true));
    assertThat(client.images().prune(false)).isEqualTo(fake.images.prune(false));
    assertThat(client.diskUsage()).isEqualTo(fake.diskUsage());
    CommitOptions commit = new CommitOptions("c:1", "me", "why", List.of("CMD x"));
    assertThat(running().commit(commit).reference()).isEqualTo("c:1");
    assertThat(fake.only().committed).isEqualTo(commit);
  }

  @Test
  void requiredParametersAreNamed() throws Exception {
    for (String path :
        new String[] {"GET /v1/images/inspect", "GET /v1/images/save", "DELETE /v1/images"}) {
      String[] parts = path.split(" ");
      assertThat(request(parts[0], parts[1], ""))
          .startsWith("HTTP/1.1 400 ")
          .contains("reference is missing");
    }
    assertThat(request("GET", "/v1/images/save?reference=base:latest&format=zip", ""))
        .startsWith("HTTP/1.1 400 ");
  }

  @Test
  void savedImagesAreComplete() {
    fake.images.savedBytes = 1_000_000;
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    client.images().save(List.of("base:latest"), ArchiveFormat.OCI, archive);
    assertThat(archive.size()).isEqualTo(1_000_000);
  }

  @Test
  void aSaveThatFailsIsToldByItsKindOrByACutNeverByAShortArchive() throws Exception {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    assertThatThrownBy(() -> client.images().save(List.of("x:1"), ArchiveFormat.DOCKER, archive))
        .isInstanceOf(NotFoundException.class);
    fake.images.saveFails = new StorageException("blob_missing", "a blob is missing");
    assertThatThrownBy(
            () -> client.images().save(List.of("base:latest"), ArchiveFormat.OCI, archive))
        .isInstanceOf(StorageException.class);
    assertThat(archive.size()).isZero();
    fake.images.savedBytes = 1_000_000;
    assertThatThrownBy(
            () -> client.images().save(List.of("base:latest"), ArchiveFormat.OCI, archive))
        .isInstanceOf(NetworkException.class);
    assertThat(request("GET", "/v1/images/save?reference=base:latest", ""))
        .startsWith("HTTP/1.1 200 ")
        .doesNotEndWith("0\r\n\r\n");
  }
}
