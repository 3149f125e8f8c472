package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdInputStream;
import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.Secret;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.StorageException;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Snapshots: what the disk of a box was can be had again.
class SnapshotIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  private static String exec(Box box, String script) throws Exception {
    Execution execution = box.exec(ExecOptions.of("sh", "-c", script));
    String out = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(execution.stderr().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(execution.waitFor().code()).as(err).isZero();
    return out;
  }

  private static Box sleeper(Boxlite boxlite) {
    return boxlite.create(
        BoxOptions.ofImage("base").cmd(List.of("sleep", "100000")).detach(true).build());
  }

  private void mustBeClean(Box box) throws Exception {
    Path disk = home.home().resolve("boxes").resolve(box.id()).resolve("disk.qcow2");
    Process check =
        new ProcessBuilder("qemu-img", "check", disk.toString())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .start();
    String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(check.waitFor()).as(said).isZero();
    assertThat(said).contains("No errors were found");
  }

  @Test
  void diskIsAgainWhatItWasWhenARunningBoxWasSnapshotted() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box = sleeper(boxlite);
      box.start();
      exec(box, "echo one > /data"); // not synced
      SnapshotInfo first = box.snapshots().create("first");
      assertThat(first.boxId()).isEqualTo(box.id());
      assertThat(first.diskBytes()).isEqualTo(10L << 30);
      assertThat(first.sizeBytes()).isPositive().isLessThan(1L << 30);
      exec(box, "echo two > /data; head -c 3000000 /dev/urandom > /big");
      box.pause();
      box.snapshots().create("second");
      box.unpause();
      exec(box, "rm /data");
      assertThatThrownBy(() -> box.snapshots().create("first"))
          .isInstanceOf(AlreadyExistsException.class);
      assertThatThrownBy(() -> box.snapshots().create("a/b")).isInstanceOf(ConfigException.class);
      assertThatThrownBy(() -> box.snapshots().restore("first"))
          .isInstanceOf(InvalidStateException.class);
      assertThatThrownBy(() -> box.snapshots().restore("none"))
          .isInstanceOf(NotFoundException.class);

      box.stop();
      mustBeClean(box);
      box.snapshots().create("third");
      box.snapshots().restore("first");
      box.start();
      assertThat(exec(box, "cat /data; ls /big 2>&1 || true"))
          .isEqualTo("one\nls: /big: No such file or directory\n");
      box.stop();
      mustBeClean(box);

      box.snapshots().restore("second");
      assertThat(home.entries("disks")).hasSize(3);
      box.snapshots().remove("second");
      box.snapshots().remove("first");
      assertThat(box.snapshots().list()).extracting(SnapshotInfo::name).containsExactly("third");
      assertThat(box.snapshots().get("first")).isEmpty();
      box.start();
      assertThat(exec(box, "cat /data; wc -c < /big")).isEqualTo("two\n3000000\n");
      box.stop();
      mustBeClean(box);
      box.remove(false);
      assertThat(home.entries("disks")).isEmpty();
    }
  }

  @Test
  void cloneOfARunningBoxGoesItsOwnWayAndOutlivesIt() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box = sleeper(boxlite);
      box.start();
      exec(box, "echo common > /data");
      Box clone = box.cloneBox(Optional.of("twin"));
      assertThat(clone.info().status()).isEqualTo(BoxStatus.STOPPED);
      assertThat(clone.info().name()).contains("twin");
      assertThatThrownBy(() -> box.cloneBox(Optional.of("twin")))
          .isInstanceOf(AlreadyExistsException.class);
      clone.start(); // while the other runs over the same disk
      exec(box, "echo original >> /data");
      exec(clone, "echo clone >> /data");
      assertThat(exec(box, "cat /data")).isEqualTo("common\noriginal\n");
      box.remove(true);
      assertThat(exec(clone, "cat /data")).isEqualTo("common\nclone\n");
      clone.stop();
      mustBeClean(clone);
      List<Box> more = clone.cloneBoxes(2, List.of());
      clone.remove(false);
      more.getLast().start();
      assertThat(exec(more.getLast(), "cat /data")).isEqualTo("common\nclone\n");
      more.getLast().remove(true);
      more.getFirst().remove(false);
      assertThat(home.entries("disks")).isEmpty();
    }
  }

  @Test
  void archiveOfABoxIsABoxInAnotherHome(@TempDir Path directory) throws Exception {
    byte[] archive;
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box =
          boxlite.create(
              BoxOptions.ofImage("base")
                  .name("source")
                  .cmd(List.of("sleep", "100000"))
                  .env("WHO", "me")
                  .network(
                      NetworkOptions.DEFAULT.withSecrets(
                          List.of(Secret.of("token", "sesame", List.of("example.com")))))
                  .detach(true)
                  .build());
      box.start();
      exec(box, "echo exported > /data");
      assertThat(box.export(directory)).isEqualTo(directory.resolve("source.boxlite"));
      exec(box, "echo later > /data");
      archive = Files.readAllBytes(directory.resolve("source.boxlite"));
      box.remove(true);
      assertThat(home.entries("disks")).isEmpty();
      assertThat(home.entries("exchange")).isEmpty();
    }
    byte[] plain = new ZstdInputStream(new ByteArrayInputStream(archive)).readAllBytes();
    assertThat(new String(plain, StandardCharsets.ISO_8859_1)).doesNotContain("sesame");
    try (TestHome other = new TestHome();
        Boxlite boxlite = Boxlite.open(other.home())) {
      for (byte[] hostile : hostile(archive, plain)) {
        assertThatThrownBy(
                () -> boxlite.importBox(new ByteArrayInputStream(hostile), Optional.empty()))
            .isInstanceOfAny(ConfigException.class, StorageException.class);
      }
      assertThat(boxlite.list()).isEmpty();
      assertThat(other.entries("exchange")).isEmpty();
      Box box = boxlite.importBox(new ByteArrayInputStream(plain), Optional.of("moved"));
      assertThat(box.info().network().secrets()).isEmpty();
      box.start();
      assertThat(exec(box, "cat /data; echo $WHO")).isEqualTo("exported\nme\n");
      box.remove(true);
    }
  }

  /// {@return archives of which none is what it should be}
  private static List<byte[]> hostile(byte[] archive, byte[] plain) {
    String text = new String(plain, StandardCharsets.ISO_8859_1);
    int disk = text.indexOf("QFI\u00fb");
    byte[] damaged = plain.clone();
    damaged[disk + 200_000] ^= 1;
    byte[] backed = plain.clone();
    backed[disk + 14] = 1; // offset of a backing file's name
    return List.of(
        new byte[0],
        "not an archive".repeat(100).getBytes(StandardCharsets.UTF_8),
        Arrays.copyOf(archive, archive.length / 2),
        Arrays.copyOf(plain, 700),
        damaged,
        backed,
        text.replace("\"version\": 3", "\"version\": 9").getBytes(StandardCharsets.ISO_8859_1),
        text.replace("overlay-1", "overlay-x").getBytes(StandardCharsets.ISO_8859_1));
  }
}
