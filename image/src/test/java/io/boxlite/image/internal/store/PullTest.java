package io.boxlite.image.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// With an image that umoci made: this test needs it installed.
final class PullTest {
  @TempDir private static Path made;
  @TempDir private Path dir;
  private ContentStore store;
  private LayoutRepository registry;

  @BeforeAll
  static void makeImages() throws Exception {
    String script =
        """
        set -e; cd %s
        umoci init --layout one; umoci new --image one:latest
        umoci unpack --rootless --image one:latest bundle
        head -c 100000 /dev/urandom > bundle/rootfs/a; umoci repack --refresh-bundle --image one:latest bundle
        head -c 50000 /dev/urandom > bundle/rootfs/b; umoci repack --refresh-bundle --image one:latest bundle
        cp -a one two
        head -c 50000 /dev/urandom > bundle/rootfs/c; umoci repack --image two:latest bundle
        """
            .formatted(made);
    Process process = new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  @BeforeEach
  void open() {
    store = ContentStore.open(dir.resolve("images"), dir.resolve("images.db"), ImageLimits.DEFAULT);
    registry = new LayoutRepository(made.resolve("one"));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private ContentStore.Pulled pull(LayoutRepository from, String name) {
    return pull(from, name, _ -> {});
  }

  private ContentStore.Pulled pull(
      LayoutRepository from, String name, Consumer<TransferProgress> listener) {
    return store.pull(name, "latest", from, Platform.HOST, new TransferListener(listener));
  }

  private List<String> files(String directory) throws IOException {
    try (Stream<Path> files = Files.list(dir.resolve("images").resolve(directory))) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void bringsAnImageOnce() throws Exception {
    List<TransferProgress> steps = new ArrayList<>();
    ContentStore.Pulled pulled = pull(registry, "r/one:latest", steps::add);
    assertThat(pulled.fetched()).isTrue();
    assertThat(store.prepare(pulled.image().digest())).hasSize(2).allMatch(Files::isRegularFile);
    assertThat(steps.subList(0, 2)).allMatch(step -> step.stage() == Stage.WAITING);
    assertThat(steps).filteredOn(step -> step.stage() == Stage.DONE).hasSize(2);
    assertThat(files("partial")).isEmpty();
    int requests = registry.requests.size();
    steps.clear();
    assertThat(pull(registry, "r/one:latest", steps::add).fetched()).isFalse();
    assertThat(registry.requests).hasSize(requests);
    assertThat(steps).filteredOn(step -> step.stage() == Stage.EXISTS).hasSize(2);
  }

  @Test
  void pullsThatShareLayersFetchEachOnce() throws Exception {
    LayoutRepository two = new LayoutRepository(made.resolve("two"));
    try (var threads = Executors.newFixedThreadPool(6)) {
      List<Future<ContentStore.Pulled>> pulls = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        String name = "r/" + i + ":latest";
        LayoutRepository from = i % 2 == 0 ? registry : two;
        pulls.add(threads.submit(() -> pull(from, name)));
      }
      for (Future<ContentStore.Pulled> pull : pulls) {
        pull.get();
      }
    }
    Set<Digest> layers =
        Set.copyOf(catalogued(two).layers().stream().map(ImageCatalog.Layer::blob).toList());
    assertThat(layers).hasSize(3);
    assertThat(Stream.concat(registry.requests.stream(), two.requests.stream()))
        .filteredOn(request -> layers.contains(new Digest(request.digest())))
        .hasSize(3);
    assertThat(store.images()).hasSize(6);
  }

  private ImageCatalog.Entry catalogued(LayoutRepository of) {
    return store.catalogued(of.only().checkedDigest());
  }

  @Test
  void aPullThatWasCutGoesOnFromThere() throws Exception {
    for (long cut = 10_000; cut < 100_000; cut += 10_000) {
      registry.cutAfter = cut;
      assertThatThrownBy(() -> pull(registry, "r/one:latest")).isInstanceOf(NetworkException.class);
      assertThat(store.images()).isEmpty();
      assertThat(registry.requests.getLast().offset()).isLessThan(cut);
      store.close();
      open(); // as after a kill
      registry.cutAfter = cut;
    }
    registry.cutAfter = Long.MAX_VALUE;
    pull(registry, "r/one:latest");
    assertThat(registry.requests).anyMatch(request -> request.offset() >= 90_000);
    assertThat(files("partial")).isEmpty();
  }

  @Test
  void whatTheRegistryFalsifiesIsRefused() throws Exception {
    registry.flippedByte = 40_000;
    assertThatThrownBy(() -> pull(registry, "r/one:latest")).isInstanceOf(ImageException.class);
    assertThat(store.images()).isEmpty();
    assertThat(files("layers")).isEmpty();
    registry.flippedByte = -1;
    pull(registry, "r/one:latest");
    assertThat(files("partial")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(bytes = {0, 1, -1})
  void aBadRestOfAnEarlierPullIsFetchedAgain(byte filler) throws Exception {
    pull(registry, "r/one:latest");
    Digest layer = catalogued(registry).layers().getFirst().blob();
    store.remove(store.images(), Set.of(), true);
    assertThat(files("blobs/sha256")).isEmpty();
    byte[] rest = new byte[30_000];
    Arrays.fill(rest, filler);
    Files.write(dir.resolve("images/partial/" + layer.hex() + ".blob"), rest);
    pull(registry, "r/one:latest");
    assertThat(registry.requests).contains(new LayoutRepository.Request(layer.hex(), 30_000));
    assertThat(files("partial")).isEmpty();
  }

  @Test
  void aBlobThatTheDiskFalsifiedIsFetchedAgain() throws Exception {
    pull(registry, "r/one:latest");
    ImageCatalog.Layer layer = catalogued(registry).layers().getFirst();
    Files.write(dir.resolve("images/blobs/sha256/" + layer.blob().hex()), new byte[100]);
    Files.delete(dir.resolve("images/layers/" + layer.diffId().hex() + ".erofs"));
    assertThat(pull(registry, "r/one:latest").fetched()).isTrue();
    assertThat(files("layers")).hasSize(2);
  }

  @Test
  void removalKeepsWhatOthersHave() throws Exception {
    ContentStore.Image one = pull(registry, "r/one:latest").image();
    ContentStore.Image two =
        pull(new LayoutRepository(made.resolve("two")), "r/two:latest").image();
    assertThat(files("layers")).hasSize(3);
    assertThat(store.remove(List.of(two), Set.of(), false).freedBytes()).isPositive();
    assertThat(files("layers")).hasSize(2);
    assertThat(files("blobs/sha256")).hasSize(4);
    store.remove(List.of(one), Set.of(one.digest()), false);
    assertThat(store.images()).singleElement().matches(image -> image.reference().isEmpty());
    assertThat(store.prepare(one.digest())).allMatch(Files::isRegularFile);
    store.remove(store.images(), Set.of(), false);
    assertThat(files("layers")).isEmpty();
    assertThat(files("blobs/sha256")).isEmpty();
  }

  @Test
  void whatIsBeingPulledIsNotRemoved() throws Exception {
    ContentStore.Image one = pull(registry, "r/one:latest").image();
    LayoutRepository two = new LayoutRepository(made.resolve("two"));
    two.go = new CountDownLatch(2); // configuration and layer wait
    try (var threads = Executors.newFixedThreadPool(1)) {
      two.go.countDown();
      Future<ContentStore.Pulled> pull = threads.submit(() -> pull(two, "r/two:latest"));
      two.asked.await();
      two.go.countDown();
      store.remove(List.of(one), Set.of(), true);
      assertThat(store.prepare(pull.get().image().digest())).allMatch(Files::isRegularFile);
    }
    assertThat(store.images()).hasSize(1);
  }

  @Test
  void aRemovedImageGetsNoName() {
    ContentStore.Image one = pull(registry, "r/one:latest").image();
    store.remove(List.of(one), Set.of(), false);
    assertThat(store.tag(one, "r/two:latest")).isEmpty();
    assertThat(store.images()).isEmpty();
  }

  @Test
  void aLostCatalogIsMadeAgain() throws Exception {
    ContentStore.Image one = pull(registry, "r/one:latest").image();
    List<Path> layers = store.prepare(one.digest());
    store.close();
    Files.write(dir.resolve("images.db"), new byte[5000]);
    open();
    assertThat(store.prepare(one.digest())).isEqualTo(layers);
  }
}
