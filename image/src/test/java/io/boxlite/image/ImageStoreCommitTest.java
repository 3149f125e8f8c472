package io.boxlite.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.erofs.ErofsReader;
import io.boxlite.image.internal.tar.TarBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With an image that skopeo and umoci made; they also read what is made of it. This test needs
/// both installed.
final class ImageStoreCommitTest {
  private static final byte[] CHANGES =
      new TarBuilder().directory("etc/").file("etc/new", "n").file(".wh.one", "").build();

  @TempDir private static Path made;
  @TempDir private Path dir;
  private ImageStore store;
  private StoredImage base;

  @BeforeAll
  static void makeImage() throws Exception {
    run(
        "sh",
        "-c",
        """
        set -e; cd %s
        umoci init --layout layout; umoci new --image layout:app
        umoci unpack --rootless --image layout:app bundle
        echo 1 > bundle/rootfs/one
        umoci repack --image layout:app bundle
        umoci config --image layout:app --config.cmd sh
        skopeo copy -q oci:layout:app docker-archive:docker.tar:app:1
        """
            .formatted(made));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), output).isZero();
    return output;
  }

  @BeforeEach
  void load() throws Exception {
    store = ImageStore.open(ImageStoreOptions.of(dir.resolve("images")));
    try (InputStream in = Files.newInputStream(made.resolve("docker.tar"))) {
      base = store.load(in).getFirst();
    }
  }

  private static ImageCommit named(String name, String... changes) {
    return new ImageCommit(ImageReference.parse(name), "", "", List.of(changes));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(dir.resolve("images"))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void imageHasOneMoreLayerAndItsBaseIsAsBefore() throws Exception {
    StoredImage image =
        store.commit(base, new ByteArrayInputStream(CHANGES), named("app:2", "ENV A=b"));
    assertThat(image.reference()).hasToString("Optional[docker.io/library/app:2]");
    assertThat(image.config().cmd()).containsExactly("sh");
    assertThat(image.config().env()).contains("A=b");
    List<Path> layers = store.prepare(image).layers();
    assertThat(layers).startsWith(store.prepare(base).layers().toArray(Path[]::new)).hasSize(2);
    Map<String, ErofsReader.File> files = ErofsReader.read(layers.getLast());
    assertThat(files).containsKeys("etc/new", "one");
    assertThat(store.get("app:1")).isEqualTo(base);
    assertThat(files().stream().filter(file -> file.toString().contains("/partial/"))).isEmpty();

    String inStore = "oci:" + dir.resolve("images") + ":docker.io/library/app:2";
    run("skopeo", "copy", "-q", inStore, "oci:" + dir.resolve("copy:latest"));
    run(
        "umoci",
        "unpack",
        "--rootless",
        "--image",
        dir.resolve("copy:latest").toString(),
        dir.resolve("bundle").toString());
    assertThat(dir.resolve("bundle/rootfs/etc/new")).hasContent("n");
    assertThat(dir.resolve("bundle/rootfs/one")).doesNotExist();
  }

  @Test
  void imageOfAnImageKeepsAllLayers() {
    StoredImage first = store.commit(base, new ByteArrayInputStream(CHANGES), named("app:2"));
    byte[] more = new TarBuilder().file("more", "m").build();
    StoredImage second = store.commit(first, new ByteArrayInputStream(more), named("app:2"));
    assertThat(second.config().diffIds())
        .hasSize(3)
        .startsWith(first.config().diffIds().toArray(String[]::new));
    assertThat(store.get("app:2")).isEqualTo(second);
    assertThat(store.inspect("app:2").history()).hasSizeGreaterThanOrEqualTo(2);
    assertThat(store.find(first.id())).isPresent();
  }

  @Test
  void hostileOrBrokenTarsLeaveNothing() throws Exception {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(CHANGES);
    }
    List<Path> before = files();
    for (byte[] bad :
        List.of(
            new TarBuilder().file("../outside", "x").build(),
            java.util.Arrays.copyOf(CHANGES, 700),
            zipped.toByteArray(),
            new byte[] {1, 2, 3})) {
      assertThatThrownBy(() -> store.commit(base, new ByteArrayInputStream(bad), named("app:2")))
          .isInstanceOf(ImageException.class);
    }
    InputStream broken =
        new InputStream() {
          @Override
          public int read() {
            throw new ImageException("cut", "cut");
          }
        };
    assertThatThrownBy(() -> store.commit(base, broken, named("app:2")))
        .isInstanceOf(ImageException.class);
    assertThat(files()).isEqualTo(before);
    assertThat(store.find("app:2")).isEmpty();
  }
}
