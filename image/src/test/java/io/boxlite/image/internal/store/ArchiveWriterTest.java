package io.boxlite.image.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageInfo;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageStore;
import io.boxlite.image.ImageStoreOptions;
import io.boxlite.image.StoredImage;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.MediaTypes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With images that umoci made; skopeo reads what is written. This test needs both installed.
final class ArchiveWriterTest {
  private static final String FIRST = "docker.io/library/app:1";
  private static final String SECOND = "example.com/app:2";

  @TempDir private static Path made;
  @TempDir private Path dir;
  private BlobStore blobs;
  private Descriptor app;
  private Descriptor other;

  @BeforeAll
  static void makeImages() throws Exception {
    run(
        "sh",
        "-c",
        """
        set -e; cd %s
        umoci init --layout layout; umoci new --image layout:app
        umoci unpack --rootless --image layout:app bundle
        echo hi > bundle/rootfs/one
        umoci repack --refresh-bundle --image layout:app bundle
        umoci tag --image layout:app other
        echo two > bundle/rootfs/two
        umoci repack --image layout:other bundle
        umoci config --image layout:other --config.cmd sh
        skopeo copy -q oci:layout:app oci-archive:app.tar:%s
        skopeo copy -q oci:layout:other oci-archive:other.tar:%s
        """
            .formatted(made, FIRST, SECOND));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), output).isZero();
    return output;
  }

  @BeforeEach
  void fillStore() throws Exception {
    Path images = dir.resolve("images");
    ImageStore store = ImageStore.open(ImageStoreOptions.of(images));
    blobs = new BlobStore(new StorePaths(images));
    app = load(store, "app.tar");
    other = load(store, "other.tar");
  }

  private Descriptor load(ImageStore store, String name) throws IOException {
    try (InputStream in = Files.newInputStream(made.resolve(name))) {
      StoredImage image = store.load(in).getFirst();
      Path blob = dir.resolve("images/blobs/sha256/" + image.id().substring("sha256:".length()));
      return Descriptor.of(MediaTypes.MANIFEST, Digest.parse(image.id()), Files.size(blob));
    }
  }

  private byte[] archive(boolean docker, ArchiveWriter.Entry... images) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ArchiveWriter.write(blobs, List.of(images), docker, out);
    return out.toByteArray();
  }

  @Test
  void whatIsWrittenCanBeLoadedUnderEachName() throws Exception {
    for (boolean docker : new boolean[] {false, true}) {
      byte[] tar =
          archive(
              docker,
              new ArchiveWriter.Entry(List.of(SECOND, FIRST), app),
              new ArchiveWriter.Entry(List.of(), other));
      ImageStore store = ImageStore.open(ImageStoreOptions.of(dir.resolve("loaded" + docker)));
      store.load(new ByteArrayInputStream(tar));
      assertThat(store.list().stream().map(ImageInfo::reference))
          .containsExactlyInAnyOrder(FIRST, SECOND, other.digest());
      assertThat(store.get(SECOND).id()).isEqualTo(app.digest());
      assertThat(store.prepare(store.get(other.checkedDigest().toString())).layers()).hasSize(2);
    }
  }

  @Test
  void sharedBlobsAreWrittenOnceAndTheSameImagesMakeTheSameBytes() throws Exception {
    ArchiveWriter.Entry[] both = {
      new ArchiveWriter.Entry(List.of(FIRST), app), new ArchiveWriter.Entry(List.of(SECOND), other)
    };
    byte[] tar = archive(true, both);
    assertThat(archive(true, both)).isEqualTo(tar);
    Path file = Files.write(dir.resolve("both.tar"), tar);
    List<String> names = Arrays.asList(run("tar", "tvf", file.toString()).split("\n"));
    // Two manifests, two configurations, two layers of which one is shared.
    assertThat(names.stream().filter(line -> line.matches(".*blobs/sha256/\\w+"))).hasSize(6);
    assertThat(names.getFirst()).startsWith("-r--r--r-- 0/0").contains("1970").endsWith("layout");
  }

  @Test
  void skopeoFindsImagesByName() throws Exception {
    Path file =
        Files.write(
            dir.resolve("both.tar"),
            archive(
                true,
                new ArchiveWriter.Entry(List.of(FIRST), app),
                new ArchiveWriter.Entry(List.of(SECOND), other)));
    for (String kind : List.of("oci-archive:", "docker-archive:")) {
      for (String name : List.of(FIRST, SECOND)) {
        String copy = dir.resolve("copy-" + kind.charAt(0)) + ":latest";
        run("skopeo", "copy", "-q", kind + file + ":" + name, "oci:" + copy);
        run("umoci", "stat", "--image", copy);
      }
    }
    String config = run("skopeo", "inspect", "--config", "docker-archive:" + file + ":" + SECOND);
    assertThat(config).contains("\"Cmd\"").contains("sh");
  }

  @Test
  void corruptBlobIsNotPassedOn() throws Exception {
    Path layer = layerOfApp(dir.resolve("images/blobs/sha256"));
    byte[] content = Files.readAllBytes(layer);
    content[content.length / 2] ^= 1;
    Files.write(layer, content);
    assertThatThrownBy(() -> archive(false, new ArchiveWriter.Entry(List.of(FIRST), app)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("corrupt");
    Files.write(layer, Arrays.copyOf(content, content.length - 1));
    assertThatThrownBy(() -> archive(false, new ArchiveWriter.Entry(List.of(FIRST), app)))
        .isInstanceOf(StorageException.class);
    Files.write(layer, Arrays.copyOf(content, content.length + 1));
    assertThatThrownBy(() -> archive(false, new ArchiveWriter.Entry(List.of(FIRST), app)))
        .isInstanceOf(StorageException.class);
  }

  private Path layerOfApp(Path directory) throws IOException {
    String manifest = Files.readString(directory.resolve(app.checkedDigest().hex()));
    int layers = manifest.indexOf("\"layers\"");
    int digest = manifest.indexOf("sha256:", layers) + "sha256:".length();
    return directory.resolve(manifest.substring(digest, digest + 64));
  }

  @Test
  void sizesBeyondOctalHeadersAreWritten() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new io.boxlite.api.internal.tar.TarWriter(out).beginFile("large", 9L << 30);
    Path file = Files.write(dir.resolve("large.tar"), out.toByteArray());
    Process tar =
        new ProcessBuilder("tar", "tvf", file.toString()).redirectErrorStream(true).start();
    assertThat(new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("9663676416")
        .contains("large");
  }
}
