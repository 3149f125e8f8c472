package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.StorageException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files copied into and out of boxes.
class CopyIT {
  private static final CopyOptions DEFAULT = CopyOptions.DEFAULT;

  private @TempDir Path host;
  private TestHome home;
  private Boxlite boxlite;

  @BeforeEach
  void open() {
    home = new TestHome();
    boxlite = Boxlite.open(home.home());
  }

  @AfterEach
  void close() {
    boxlite.close();
    home.close();
  }

  private static String exec(Box box, String script) throws Exception {
    Execution execution = box.exec(ExecOptions.of("sh", "-c", script));
    String out = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(execution.stderr().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(execution.waitFor().code()).as(err).isZero();
    return out;
  }

  private Box running() {
    Box box = boxlite.create(BoxOptions.ofImage("base").cmd(List.of("sleep", "100000")).build());
    box.start();
    return box;
  }

  @Test
  void copiesTreesBothWaysWithModesTimesAndLinks() throws Exception {
    Box box = running();
    exec(
        box,
        "mkdir -p /t/d; echo one > /t/d/a; chmod 4750 /t/d/a; ln /t/d/a /t/b; ln -s d/a /t/l;"
            + " mknod /t/null c 1 3; touch -d '2001-02-03 04:05:06' /t/d/a; chmod 700 /t/d");
    List<String> skipped = box.copyOut("/t", host.resolve("copy"), DEFAULT);
    assertThat(skipped).singleElement().asString().contains("/t/null").contains("a device");
    Path a = host.resolve("copy/d/a");
    assertThat(a).hasContent("one");
    assertThat(Files.getAttribute(a, "unix:mode")).isEqualTo(0100750);
    assertThat(Files.getLastModifiedTime(a).toMillis()).isEqualTo(981173106000L);
    assertThat(Files.isSameFile(a, host.resolve("copy/b"))).isTrue();
    assertThat(Files.readSymbolicLink(host.resolve("copy/l"))).hasToString("d/a");

    assertThat(box.copyIn(host.resolve("copy"), "/back", DEFAULT)).isEmpty();
    assertThat(exec(box, "cd /back; stat -c '%a %u %Y %h' d/a; readlink l; stat -c %a d"))
        .isEqualTo("750 0 981173106 2\nd/a\n700\n");
    box.copyIn(host.resolve("copy"), "/back", DEFAULT);
    box.copyIn(host.resolve("copy"), "/only", DEFAULT.withIncludeParent(false));
    assertThat(exec(box, "cat /back/copy/d/a /only/d/a")).isEqualTo("one\none\n");
    box.remove(true);
  }

  @Test
  void filesBelongToTheUserAndMountsOfTheBoxAreSeen() throws Exception {
    Box box =
        boxlite.create(
            BoxOptions.ofImage("base").cmd(List.of("sleep", "100000")).user("1000:1001").build());
    box.start();
    Path file = Files.writeString(host.resolve("f"), "text");
    box.copyIn(file, "/dev/shm/f", DEFAULT);
    assertThat(exec(box, "cat /dev/shm/f; stat -c ' %u %g' /dev/shm/f"))
        .isEqualTo("text 1000 1001\n");
    box.copyOut("/dev/shm/f", host.resolve("g"), DEFAULT);
    assertThat(host.resolve("g")).hasContent("text");
    box.remove(true);
  }

  @Test
  void namesThatAreNotTextAreCopiedBothWays() throws Exception {
    Box box = running();
    exec(box, "odd=$(printf 'odd-\\377'); mkdir /t; echo 1 > /t/$odd; ln -s $odd /t/link");
    assertThat(box.copyOut("/t", host.resolve("t"), DEFAULT)).isEmpty();
    try (Stream<Path> files = Files.list(host.resolve("t"))) {
      assertThat(files.map(file -> file.toUri().toString())).anyMatch(u -> u.endsWith("/odd-%FF"));
    }
    assertThat(host.resolve("t/link")).hasContent("1");
    assertThat(box.copyIn(host.resolve("t"), "/back", DEFAULT)).isEmpty();
    assertThat(exec(box, "cat /back/$(printf 'odd-\\377') /back/link")).isEqualTo("1\n1\n");
    box.remove(true);
  }

  /// `bench/copy` copies 100,000 when it is told to.
  @Test
  void manyFilesAndLargeSparseFilesAreCopied() throws Exception {
    Box box = running();
    Path many = Files.createDirectory(host.resolve("many"));
    for (int d = 0; d < 20; d++) {
      Path directory = Files.createDirectory(many.resolve("d" + d));
      for (int f = 0; f < 1000; f++) {
        Files.writeString(directory.resolve("f" + f), d + "/" + f);
      }
    }
    box.copyIn(many, "/many", DEFAULT);
    assertThat(exec(box, "find /many -type f | wc -l; cat /many/d12/f77"))
        .isEqualTo("20000\n12/77");
    box.copyOut("/many", host.resolve("back"), DEFAULT);
    try (Stream<Path> files = Files.walk(host.resolve("back"))) {
      assertThat(files.filter(Files::isRegularFile).count()).isEqualTo(20_000);
    }

    Path sparse = host.resolve("sparse");
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.setLength(2L << 30);
      file.seek(1L << 30);
      file.write("middle".getBytes(StandardCharsets.UTF_8));
    }
    box.copyIn(sparse, "/sparse", DEFAULT);
    assertThat(exec(box, "stat -c %s /sparse; test $(stat -c %b /sparse) -lt 2048 && echo holes"))
        .isEqualTo("2147483648\nholes\n");
    box.copyOut("/sparse", host.resolve("again"), DEFAULT);
    assertThat(Files.mismatch(sparse, host.resolve("again"))).isEqualTo(-1);
    box.remove(true);
  }

  @Test
  void linksNeitherLeaveTheBoxNorTheTarget() throws Exception {
    Box box = running();
    Path outside = Files.createDirectory(host.resolve("outside"));
    // What a hostile box can make itself: links where the next copy expects directories.
    exec(box, "mkdir -p /t/x; echo 1 > /t/x/f; ln -s " + outside + " /abs; ln -s ../../../.. /up");
    box.copyOut("/t", host.resolve("t"), DEFAULT);
    exec(box, "rm -r /t/x; ln -s " + outside + " /t/x");
    Path links = Files.createDirectory(host.resolve("links"));
    Files.createSymbolicLink(links.resolve("x"), outside);
    assertThatThrownBy(
            () -> {
              exec(box, "rm /t/x; mkdir /t/x; echo 1 > /t/x/f");
              box.copyOut("/t", links, DEFAULT.withIncludeParent(false));
            })
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("not a directory");
    assertThat(outside).isEmptyDirectory();
    Path file = Files.writeString(host.resolve("f"), "text");
    box.copyIn(file, "/up/from-up", DEFAULT);
    assertThat(exec(box, "cat /from-up")).isEqualTo("text");
    assertThat(Files.exists(Path.of("/from-up"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    box.remove(true);
  }

  @Test
  void restingBoxIsCopiedFromAndRestsAgain() throws Exception {
    Box box = boxlite.create(BoxOptions.ofImage("base").build());
    Path file = Files.writeString(host.resolve("f"), "kept");
    box.copyIn(file, "/f", DEFAULT);
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    box.copyOut("/f", host.resolve("g"), DEFAULT);
    assertThat(host.resolve("g")).hasContent("kept");
    assertThatThrownBy(() -> box.copyOut("/nothing", host.resolve("h"), DEFAULT))
        .hasMessageContaining("no such file");
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThatThrownBy(() -> box.copyIn(file, "/f", new CopyOptions(true, false, false, true)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("destination /f exists and overwrite=false");
    box.remove(false);
    Box job = boxlite.create(BoxOptions.ofImage("base").cmd(List.of("true")).build());
    assertThatThrownBy(() -> job.copyIn(file, "/f", DEFAULT))
        .isInstanceOf(InvalidStateException.class);
    job.remove(false);
  }

  @Test
  void filesThatChangeMeanwhileAreCopied() throws Exception {
    Box box = running();
    exec(box, "mkdir /w; : > /w/grows");
    Execution busy =
        box.exec(
            ExecOptions.of(
                "sh",
                "-c",
                "i=0; while :; do i=$((i+1)); echo $i >> /w/grows; echo $i > /w/n;"
                    + " touch /w/t$i; rm -f /w/t$((i-20)); : > /w/shrinks;"
                    + " head -c 100000 /dev/zero | tr '\\0' x > /w/shrinks; done"));
    for (int i = 0; i < 20; i++) {
      box.copyOut("/w", host.resolve("w" + i), DEFAULT);
      assertThat(host.resolve("w" + i).resolve("grows")).exists();
    }
    busy.kill();
    box.remove(true);
  }

  @Test
  void commandLineCopiesFilesAndStreams() throws Exception {
    home.run("run", "-d", "--name", "c", "base", "sleep", "100000").ok();
    Path file = Files.writeString(host.resolve("with:colon"), "text");
    home.run("cp", file.toString(), "c:/f").ok();
    byte[] tar = home.run("cp", "c:/f", "-").ok().stdout();
    home.runWithInput(tar, "cp", "-", "c:/tmp").ok();
    assertThat(home.run("exec", "c", "cat", "/tmp/f").ok().out()).isEqualTo("text");
    home.run("exec", "c", "sh", "-c", "mkdir /s; echo 1 > /s/a; mknod /s/null c 1 3").ok();
    assertThat(home.run("cp", "c:/s", "-").ok().err())
        .isEqualTo("Warning: \"/s/null\" was skipped: it is a device\n");
    home.run("cp", "--include-parent=false", "c:/etc", host.resolve("etc") + "/").ok();
    assertThat(host.resolve("etc/passwd")).exists();
    assertThat(home.run("cp", "c:/f", "d:/f").err()).contains("copy between boxes");
    assertThat(home.run("cp", "nobody:/f", host.toString()).err())
        .contains("box 'nobody' not found");
    assertThat(home.run("cp", "--no-overwrite", file.toString(), "c:/f").err())
        .contains("destination /f exists and overwrite=false");
    home.run("rm", "-f", "c").ok();
  }
}
