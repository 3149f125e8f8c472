package io.boxlite.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.NotFoundException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With images that skopeo and umoci made: this test needs both installed.
final class ImageStoreTest {
  @TempDir private static Path made;
  @TempDir private Path dir;
  private ImageStore store;

  @BeforeAll
  static void makeImages() throws Exception {
    String script =
        """
        set -e; cd %s
        umoci init --layout layout; umoci new --image layout:latest
        umoci unpack --rootless --image layout:latest bundle
        mkdir bundle/rootfs/etc; echo hi > bundle/rootfs/etc/motd; ln -s motd bundle/rootfs/etc/l
        umoci repack --refresh-bundle --image layout:latest bundle
        rm bundle/rootfs/etc/motd; echo 2 > bundle/rootfs/two
        umoci repack --image layout:latest bundle
        umoci config --image layout:latest --config.cmd sh --config.env A=b=c \
          --config.workingdir /w --config.user 1:2 --config.exposedports 80/tcp
        skopeo copy -q oci:layout:latest oci-archive:oci.tar:app:1
        skopeo copy -q oci:layout:latest docker-archive:docker.tar:example.com/app:2
        skopeo copy -q --dest-compress --dest-compress-format zstd \
          oci:layout:latest oci:zstd:z
        gzip -k oci.tar
        """
            .formatted(made);
    run("sh", "-c", script);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), output).isZero();
    return output;
  }

  @BeforeEach
  void openStore() {
    store = ImageStore.open(ImageStoreOptions.of(dir.resolve("images")));
  }

  private List<StoredImage> load(String name) throws IOException {
    try (InputStream in = Files.newInputStream(made.resolve(name))) {
      return store.load(in);
    }
  }

  private List<String> files(String directory) throws IOException {
    try (Stream<Path> files = Files.walk(dir.resolve(directory))) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void loadsOciArchivesPlainAndCompressed() throws Exception {
    StoredImage image = load("oci.tar").getFirst();
    assertThat(image.reference()).hasToString("Optional[docker.io/library/app:1]");
    assertThat(image.config().cmd()).containsExactly("sh");
    assertThat(image.config().env()).contains("A=b=c");
    assertThat(image.config().workingDir()).isEqualTo("/w");
    assertThat(image.config().user()).isEqualTo("1:2");
    assertThat(image.config().exposedPorts()).containsExactly("80/tcp");
    assertThat(store.prepare(image).layers()).hasSize(2).allMatch(Files::isRegularFile);
    assertThat(load("oci.tar.gz").getFirst().id()).isEqualTo(image.id());
    assertThat(store.list()).hasSize(1);
    assertThat(files("images/partial")).isEmpty();
    run("skopeo", "inspect", "oci:" + dir.resolve("images") + ":docker.io/library/app:1");
    run("umoci", "stat", "--image", dir.resolve("images") + ":docker.io/library/app:1");
  }

  @Test
  void loadsDockerArchives() throws Exception {
    StoredImage image = load("docker.tar").getFirst();
    assertThat(image.info().reference()).isEqualTo("example.com/app:2");
    assertThat(image.config().diffIds()).isEqualTo(load("oci.tar").getFirst().config().diffIds());
    assertThat(store.list().stream().map(ImageInfo::tag)).containsExactly("1", "2");
    run("skopeo", "inspect", "oci:" + dir.resolve("images") + ":example.com/app:2");
  }

  @Test
  void importsLayoutsWithoutAName() throws Exception {
    StoredImage image = store.importLayout(made.resolve("zstd"));
    assertThat(image.reference()).isEmpty();
    assertThat(image.info().tag()).isEqualTo("<none>");
    assertThat(store.prepare(image).layers()).hasSize(2);
    assertThat(store.find(image.id())).contains(image);
    assertThatThrownBy(() -> store.importLayout(made)).isInstanceOf(ConfigException.class);
  }

  @Test
  void findsByNameAndId() throws Exception {
    StoredImage image = load("oci.tar").getFirst();
    assertThat(store.find("app:1")).contains(image);
    assertThat(store.find("docker.io/library/app:1")).contains(image);
    assertThat(store.find(image.id())).contains(image);
    assertThat(store.find(image.id().substring(7, 19))).contains(image);
    assertThat(store.find("app@" + image.id())).contains(image);
    assertThat(store.find("app")).isEmpty();
    assertThatThrownBy(() -> store.get("app:9"))
        .isInstanceOf(NotFoundException.class)
        .hasMessage("image not found: app:9");
    assertThatThrownBy(() -> store.find("No")).isInstanceOf(ConfigException.class);
    ImageStore again = ImageStore.open(ImageStoreOptions.of(dir.resolve("images")));
    assertThat(again.find("app:1")).contains(image);
  }

  @Test
  void anArchiveCannotGiveTheDigestOfAnotherImage() throws Exception {
    String wanted = "example.com/app@sha256:" + "a".repeat(64);
    run("sh", "-c", "cd %s && skopeo copy -q oci:layout:latest oci:forged:x".formatted(made));
    Path index = made.resolve("forged/index.json");
    Files.writeString(index, Files.readString(index).replace("\"x\"", "\"" + wanted + "\""));
    run(
        "tar",
        "-cf",
        made.resolve("forged.tar").toString(),
        "-C",
        made.resolve("forged") + "",
        ".");
    StoredImage image = load("forged.tar").getFirst();
    assertThat(image.reference()).isEmpty();
    assertThat(store.find(wanted)).isEmpty();
    assertThat(store.find("example.com/app@" + image.id())).isPresent();
  }

  @Test
  void badArchivesLeaveNothingBehind() throws Exception {
    byte[] good = Files.readAllBytes(made.resolve("oci.tar"));
    int blob = new String(good, StandardCharsets.ISO_8859_1).indexOf("\u001f\u008b");
    byte[] corrupt = good.clone();
    corrupt[blob + 30] ^= 1;
    byte[] half = java.util.Arrays.copyOf(good, good.length / 2);
    List<String> before = files("images");
    for (byte[] bad : new byte[][] {corrupt, half, new byte[0], new byte[4096], {1, 2, 3}}) {
      assertThatThrownBy(() -> store.load(new ByteArrayInputStream(bad)))
          .isInstanceOf(ImageException.class);
    }
    assertThat(files("images")).containsExactlyInAnyOrderElementsOf(before);
    assertThat(files("images/partial")).isEmpty();
    assertThat(store.list()).isEmpty();
  }

  @Test
  void layerIsConvertedOnceForAllWhoAsk() throws Exception {
    StoredImage image = load("oci.tar").getFirst();
    Path layer = store.prepare(image).layers().getFirst();
    Files.delete(layer);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<PreparedImage>> tasks =
          Stream.generate(() -> (Callable<PreparedImage>) () -> store.prepare(image))
              .limit(20)
              .toList();
      for (var result : threads.invokeAll(tasks)) {
        assertThat(result.get().layers()).allMatch(Files::isRegularFile);
      }
    }
    assertThat(files("images/partial")).isEmpty();
  }

  @Test
  void openingRemovesWhatAKilledProcessLeft() throws Exception {
    Files.writeString(dir.resolve("images/partial/partial-1"), "rest");
    openStore();
    assertThat(files("images/partial")).isEmpty();
    assertThat(load("oci.tar")).hasSize(1);
  }
}
