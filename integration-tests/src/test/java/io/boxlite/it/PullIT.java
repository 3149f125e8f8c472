package io.boxlite.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.Execution;
import io.boxlite.api.Images.ArchiveFormat;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.it.TestLayer.Compression;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Images come from a real registry, go to it, and leave what other tools can read.
class PullIT {
  private static final int MANY = 30;

  @TempDir private Path directory;
  private RegistryServer registry;
  private TestHome home;
  private Boxlite boxlite;
  private StoreChecks store;

  @BeforeEach
  void open() throws Exception {
    registry = new RegistryServer(directory.resolve("registry"));
    home = TestHome.withoutTemplates(Map.of());
    boxlite = Boxlite.open(home.home(), List.of(RegistryServer.overHttp(registry.host())));
    store = new StoreChecks(home);
  }

  @AfterEach
  void close() {
    try (TestHome _ = home;
        RegistryServer _ = registry) {
      boxlite.close();
    }
  }

  private String reference(String rest) {
    return registry.host() + "/it/" + rest;
  }

  private static TestLayer file(String path, String content) throws Exception {
    return TestLayer.of(Compression.GZIP, Map.of(path, content.getBytes(UTF_8)));
  }

  @Test
  void boxRunsAnImageOfThirtyLayersGzipZstdAndPlain() throws Exception {
    List<TestLayer> layers = new ArrayList<>();
    layers.add(
        TestLayer.of(
            Compression.GZIP, Map.of("bin/busybox", Files.readAllBytes(Path.of("/bin/busybox")))));
    for (int i = 1; i < MANY; i++) {
      Map<String, byte[]> files = new HashMap<>();
      files.put("top", (i + "\n").getBytes(UTF_8));
      files.put("layers/" + i, (i + "\n").getBytes(UTF_8));
      if (i == 10) {
        files.put("layers/.wh.5", new byte[0]);
      }
      layers.add(TestLayer.of(Compression.values()[i % Compression.values().length], files));
    }
    TestImage image = new TestImage(layers, TestImage.HOST_ARCHITECTURE);
    image.push(registry, "it/many", "1");

    Box box =
        boxlite.create(
            BoxOptions.ofImage(reference("many:1"))
                .cmd(List.of("/bin/busybox", "sh", "-c", "/bin/busybox cat /top /layers/*"))
                .noTemplate(true)
                .build());
    Execution main = box.attach();
    box.start();
    StringBuilder expected = new StringBuilder("29\n");
    java.util.stream.IntStream.range(1, MANY)
        .filter(i -> i != 5)
        .mapToObj(Integer::toString)
        .sorted()
        .forEach(i -> expected.append(i).append('\n'));
    assertThat(new String(main.stdout().readAllBytes(), UTF_8)).hasToString(expected.toString());
    assertThat(main.waitFor().code()).isZero();
    box.remove(true);
    store.isValid(boxlite);
  }

  @Test
  void tagAndDigestAreTheSameImageAndItIsFetchedOnce() throws Exception {
    TestImage image = TestImage.of(file("a", "a"), file("b", "b"));
    image.push(registry, "it/two", "tag");
    PulledImage byTag = boxlite.images().pull(reference("two:tag"));
    assertThat(byTag.fetched()).isTrue();
    assertThat(byTag.image().id()).isEqualTo(image.id());
    assertThat(byTag.configDigest()).isEqualTo(TestImage.digest(image.config()));
    assertThat(byTag.layerCount()).isEqualTo(2);
    PulledImage byDigest = boxlite.images().pull(reference("two@" + image.id()));
    assertThat(byDigest.fetched()).isFalse();
    assertThat(byDigest.image().id()).isEqualTo(image.id());
    store.isValid(boxlite);
  }

  @Test
  void indexGivesTheImageOfThisHostOrOfThePlatformThatIsAskedFor() throws Exception {
    TestImage amd = new TestImage(List.of(file("a", "amd")), "amd64");
    TestImage arm = new TestImage(List.of(file("a", "arm")), "arm64");
    TestImage.pushIndex(registry, "it/multi", "1", List.of(arm, amd));
    boxlite.images().pull(reference("multi:1"));
    assertThat(boxlite.images().inspect(reference("multi:1")).architecture())
        .isEqualTo(TestImage.HOST_ARCHITECTURE);
    String other = TestImage.HOST_ARCHITECTURE.equals("amd64") ? "arm64" : "amd64";
    PullOptions options =
        new PullOptions(reference("multi:1"), Optional.of("linux/" + other), List.of());
    boxlite.images().pull(options, _ -> {});
    assertThat(boxlite.images().inspect(reference("multi:1")).architecture()).isEqualTo(other);
    store.isValid(boxlite);
  }

  @Test
  void imageThatSharesAllButOneLayerAddsOnlyThatOne() throws Exception {
    TestLayer first = TestLayer.random(1, 200_000);
    TestLayer second = TestLayer.random(2, 200_000);
    TestLayer own = TestLayer.random(3, 100_000);
    TestImage.of(first, second).push(registry, "it/first", "1");
    TestImage image = TestImage.of(first, own);
    image.push(registry, "it/second", "1");
    boxlite.images().pull(reference("first:1"));
    Set<String> before = store.files();
    boxlite.images().pull(reference("second:1"));
    Set<String> added = store.files();
    added.removeAll(before);
    assertThat(added)
        .containsExactlyInAnyOrder(
            blob(own.digest()),
            blob(image.id()),
            blob(TestImage.digest(image.config())),
            "layers/" + own.diffId().replace("sha256:", "") + ".erofs");
  }

  private static String blob(String digest) {
    return "blobs/sha256/" + digest.replace("sha256:", "");
  }

  @Test
  void pullsAtOnceFetchALayerThatTheyShareOnce() throws Exception {
    TestLayer shared = TestLayer.random(4, 400_000);
    TestImage.of(shared, file("a", "a")).push(registry, "it/one", "1");
    TestImage.of(shared, file("b", "b")).push(registry, "it/other", "1");
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch waits = new CountDownLatch(1);
    Consumer<TransferProgress> listener =
        progress -> {
          if (progress.stage() == Stage.SHARED) {
            waits.countDown();
          }
        };
    try (FaultyProxy proxy = new FaultyProxy(registry);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      proxy.fail(shared.digest(), new FaultyProxy.Fault.Hold(0.5, go), 1);
      List<Future<PulledImage>> pulls = new ArrayList<>();
      for (String name : List.of("one", "other")) {
        PullOptions options =
            new PullOptions(
                proxy.host() + "/it/" + name + ":1",
                Optional.empty(),
                List.of(RegistryServer.overHttp(proxy.host())));
        pulls.add(threads.submit(() -> boxlite.images().pull(options, listener)));
      }
      waits.await();
      go.countDown();
      for (Future<PulledImage> pull : pulls) {
        assertThat(pull.get().layerCount()).isEqualTo(2);
      }
      assertThat(proxy.gets(shared)).hasSize(1);
    }
    store.isValid(boxlite);
  }

  @Test
  void imageThatABoxWasMadeFromKeepsItsFilesUntilTheBoxIsGone() throws Exception {
    TestLayer layer = TestLayer.random(5, 100_000);
    TestImage.of(layer).push(registry, "it/used", "1");
    Box box =
        boxlite.create(BoxOptions.ofImage(reference("used:1")).cmd(List.of("/random-5")).build());
    assertThatThrownBy(() -> boxlite.images().remove(reference("used:1"), false))
        .isInstanceOf(InvalidStateException.class);
    assertThat(boxlite.images().remove(reference("used:1"), true).untagged())
        .containsExactly(reference("used:1"));
    boxlite.images().prune(true);
    assertThat(store.hasConverted(layer)).isTrue();
    store.isValid(boxlite);
    box.remove(true);
    boxlite.images().prune(false);
    assertThat(store.hasConverted(layer)).isFalse();
    assertThat(store.hasBlob(layer)).isFalse();
  }

  @Test
  void pruneRemovesWhatLostItsName() throws Exception {
    TestLayer old = TestLayer.random(6, 100_000);
    TestImage.of(old).push(registry, "it/moving", "1");
    boxlite.images().pull(reference("moving:1"));
    TestImage.of(file("a", "new")).push(registry, "it/moving", "1");
    boxlite.images().pull(reference("moving:1"));
    RemovedImages removed = boxlite.images().prune(false);
    assertThat(removed.freedBytes()).isGreaterThan(old.blob().length);
    assertThat(store.hasBlob(old)).isFalse();
    assertThat(store.hasConverted(old)).isFalse();
    assertThat(boxlite.images().get(reference("moving:1"))).isPresent();
    boxlite.images().remove(reference("moving:1"), false);
    assertThat(boxlite.images().get(reference("moving:1"))).isEmpty();
    assertThatThrownBy(() -> boxlite.images().remove(reference("moving:1"), false))
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void archivesGoToSkopeoAndComeBack() throws Exception {
    TestImage image = TestImage.of(file("a", "a"), file("b", "b"));
    image.push(registry, "it/saved", "1");
    boxlite.images().pull(reference("saved:1"));
    for (ArchiveFormat format : ArchiveFormat.values()) {
      Path archive = directory.resolve(format + ".tar");
      try (OutputStream out = Files.newOutputStream(archive)) {
        boxlite.images().save(List.of(reference("saved:1")), format, out);
      }
      String copy = reference("copied:" + format.name().toLowerCase(java.util.Locale.ROOT));
      store.run(
          "skopeo",
          "copy",
          "-q",
          "--dest-tls-verify=false",
          (format == ArchiveFormat.OCI ? "oci-archive:" : "docker-archive:") + archive,
          "docker://" + copy);
      assertThat(boxlite.images().pull(copy).configDigest())
          .isEqualTo(TestImage.digest(image.config()));
      boxlite.images().prune(true);
      assertThat(boxlite.images().get(reference("saved:1"))).isEmpty();
      try (InputStream in = Files.newInputStream(archive)) {
        assertThat(boxlite.images().load(in))
            .singleElement()
            .satisfies(loaded -> assertThat(loaded.reference()).isEqualTo(reference("saved:1")));
      }
    }
    store.isValid(boxlite);
  }

  @Test
  void pushedImageComesBackTheSame() throws Exception {
    TestImage image = TestImage.of(file("a", "a"), file("b", "b"));
    image.push(registry, "it/origin", "1");
    boxlite.images().pull(reference("origin:1"));
    boxlite.images().tag(reference("origin:1"), reference("mine:2"));
    String digest = boxlite.images().push(reference("mine:2"), List.of(), _ -> {});
    assertThat(digest).isEqualTo(image.id());
    assertThat(
            store
                .run(
                    "skopeo",
                    "inspect",
                    "--tls-verify=false",
                    "--format",
                    "{{.Digest}}",
                    "docker://" + reference("mine:2"))
                .strip())
        .isEqualTo(image.id());
    boxlite.images().prune(true);
    PulledImage back = boxlite.images().pull(reference("mine:2"));
    assertThat(back.fetched()).isTrue();
    assertThat(back.image().id()).isEqualTo(image.id());
  }
}
