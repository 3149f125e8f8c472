package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.InvalidStateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Images of boxes: what a box has changed is in a box of its image.
class CommitIT {
  /// Every way to change a file, on files of the image and of the box. The line `-rf` of `rm` is on
  /// a directory of the image: what takes its place hides the whole of it.
  private static final String CHANGE =
      """
      set -e
      mkdir -p /made/deep; echo new > /made/deep/file; chown 1000:1001 /made/deep/file
      chmod 4750 /made/deep/file; touch -d '2001-02-03 04:05:06' /made/deep/file
      ln /made/deep/file /made/linked; ln -s /made/deep /made/symbolic; mkfifo /made/fifo
      mknod /made/null c 1 3; mkdir -m 1777 /made/sticky
      echo 'replaced' > /etc/group
      rm /etc/passwd
      rm -rf /usr; mkdir /usr; echo only > /usr/only
      mv /root /moved
      printf 'x' > "/made/$(printf 'new\\nline \\303\\251')"
      head -c 3000000 /dev/urandom > /made/large; md5sum < /made/large > /made/sum
      """;

  private static final String SHOW =
      """
      cat /made/deep/file /usr/only /etc/group; stat -c '%a %u %g %Y %h' /made/deep/file
      test /made/deep/file -ef /made/linked && readlink /made/symbolic; test -p /made/fifo && echo fifo
      stat -c '%F %t %T' /made/null; stat -c %a /made/sticky; ls /usr; ls -d /root /etc/passwd 2>&1
      test -d /moved && echo moved; ls /made | wc -l
      cat "/made/$(printf 'new\\nline \\303\\251')"; echo; md5sum < /made/large | cmp - /made/sum && echo same
      cat /etc/hosts | head -n 1; test -c /dev/null && echo dev
      """;

  private static final String SHOWN =
      """
      new
      only
      replaced
      4750 1000 1001 981173106 2
      /made/deep
      fifo
      character special file 1 3
      1777
      only
      ls: /root: No such file or directory
      ls: /etc/passwd: No such file or directory
      moved
      9
      x
      same
      127.0.0.1\tlocalhost
      dev
      """;

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

  private static Box box(Boxlite boxlite, String image) {
    return boxlite.create(
        BoxOptions.ofImage(image).cmd(List.of("sleep", "100000")).detach(true).build());
  }

  private static void mustShowChanges(Boxlite boxlite, String image) throws Exception {
    Box box = box(boxlite, image);
    box.start();
    assertThat(exec(box, SHOW)).isEqualTo(SHOWN);
    box.remove(true);
  }

  @Test
  void imageOfABoxHasWhatItChangedWhetherItRunsOrNot() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box = box(boxlite, "base");
      assertThatThrownBy(
              () -> box.commit(new CommitOptions("a:1", "", "", List.of("RUN something"))))
          .isInstanceOf(ConfigException.class);
      box.start();
      exec(box, CHANGE);
      ImageInfo running = box.commit(CommitOptions.of("changed:running"));
      assertThat(running.reference()).isEqualTo("docker.io/library/changed:running");
      assertThat(exec(box, "echo goes on")).isEqualTo("goes on\n");
      mustShowChanges(boxlite, "changed:running");

      box.stop();
      box.commit(CommitOptions.of("changed:stopped"));
      assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
      assertThat(home.vms()).isEmpty();
      mustShowChanges(boxlite, "changed:stopped");

      Box original = box(boxlite, "base");
      original.start();
      assertThat(exec(original, "ls -d /etc/passwd /root; ls -d /made 2>&1 || true"))
          .contains("/etc/passwd\n/root\n")
          .contains("No such file");
      original.remove(true);
      box.start();
      assertThat(exec(box, SHOW)).isEqualTo(SHOWN);
    }
  }

  @Test
  void imageOfAnImageHasBothChangesAndWhatItSaysOfItself() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box first = box(boxlite, "base");
      first.start();
      exec(first, "echo 1 > /one; echo 1 > /both; mkdir /dir; touch /dir/a");
      first.commit(CommitOptions.of("step:1"));
      Box second = box(boxlite, "step:1");
      second.start();
      exec(second, "echo 2 > /two; echo 2 > /both; rm /one; rm -r /dir; mkdir /dir; touch /dir/b");
      second.commit(
          new CommitOptions(
              "step:2", "me", "why", List.of("CMD [\"sh\", \"-c\", \"echo $A\"]", "ENV A=from")));
      Box third = box(boxlite, "step:2");
      third.start();
      assertThat(exec(third, "cat /two /both; ls /dir; test -e /one || echo gone"))
          .isEqualTo("2\n2\nb\ngone\n");
      assertThat(exec(first, "cat /one")).isEqualTo("1\n");
      assertThat(home.run("run", "--rm", "step:2").ok().out()).isEqualTo("from\n");
      var details = boxlite.images().inspect("step:2");
      assertThat(details.layers()).hasSize(3);
      assertThat(details.author()).isEqualTo("me");
      assertThat(details.history().getLast().comment()).isEqualTo("why");
    }
  }

  @Test
  void boxThatNeverRanIsAsBefore() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box =
          boxlite.create(
              BoxOptions.ofImage("base").cmd(List.of("sh", "-c", "echo ran > /ran; ls /")).build());
      box.commit(CommitOptions.of("untouched"));
      assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
      assertThat(home.vms()).isEmpty();
      Box copy = box(boxlite, "untouched");
      copy.start();
      assertThat(exec(copy, "ls /")).doesNotContain("ran");
    }
  }

  @Test
  void failedBoxIsRefused() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box = box(boxlite, "base");
      box.start();
      home.vms().forEach(ProcessHandle::destroyForcibly);
      TestHome.await("box failed", () -> box.info().status() == BoxStatus.FAILED);
      assertThatThrownBy(() -> box.commit(CommitOptions.of("none")))
          .isInstanceOf(InvalidStateException.class);
    }
  }

  /// Commits a box that has 100 MB of changes: what is killed in the middle.
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws Exception {
      try (Boxlite boxlite = Boxlite.open(Path.of(arguments[0]))) {
        Box box = box(boxlite, "base");
        box.start();
        exec(box, "head -c 100000000 /dev/urandom > /large; echo kept > /small; sync");
        if (arguments[1].equals("stopped")) {
          box.stop();
        }
        box.commit(CommitOptions.of("cut"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"running", "stopped"})
  void supervisorThatIsKilledInTheMiddleLeavesABoxThatCanBeUsed(String state) throws Exception {
    Process program =
        home.startProcess(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Program.class.getName(),
                home.home().toString(),
                state));
    Thread.ofVirtual().start(() -> TestHome.finish(program, new byte[0]));
    TestHome.await(
        "commit is in the middle", () -> !program.isAlive() || bytesOfUnfinished() > 4_000_000);
    assertThat(program.isAlive()).isTrue();
    program.destroyForcibly().waitFor();

    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box = boxlite.get(boxlite.list().getFirst().id()).orElseThrow();
      assertThat(box.info().status())
          .isEqualTo(state.equals("running") ? BoxStatus.RUNNING : BoxStatus.STOPPED);
      assertThat(boxlite.images().get("cut")).isEmpty();
      assertThat(bytesOfUnfinished()).isZero();
      box.start();
      assertThat(exec(box, "cat /small")).isEqualTo("kept\n");
      box.commit(CommitOptions.of("whole"));
      Box copy = box(boxlite, "whole");
      copy.start();
      assertThat(exec(copy, "cat /small; stat -c %s /large")).isEqualTo("kept\n100000000\n");
    }
  }

  private long bytesOfUnfinished() {
    Path partial = home.home().resolve("images/partial");
    if (!Files.isDirectory(partial)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(partial)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
