package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.NotFoundException;
import io.boxlite.boxes.SimpleBox;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The library in a program: this one.
class EmbeddedIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @Test
  void programOwnsTheHomeAndTheCommandIsItsClient() throws Exception {
    String id;
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box =
          boxlite.create(
              BoxOptions.ofImage("base").name("mine").cmd(List.of("sleep", "99")).build());
      id = box.id();
      box.start();
      assertThat(home.run("exec", "mine", "--", "echo", "from outside").ok().out())
          .isEqualTo("from outside\n");
      assertThat(home.run("list", "-q").ok().out()).isEqualTo(id + "\n");
      try (Boxlite second = Boxlite.open(home.home())) {
        assertThat(second.get("mine").orElseThrow().info().status()).isEqualTo(BoxStatus.RUNNING);
        assertThat(
                new String(
                    second
                        .get(id)
                        .orElseThrow()
                        .exec(ExecOptions.of("id", "-u"))
                        .stdout()
                        .readAllBytes()))
            .isEqualTo("0\n");
      }
      assertThat(box.info().status()).isEqualTo(BoxStatus.RUNNING);
    }
    // It was not detached: it ended with the program's runtime.
    assertThat(home.vms()).isEmpty();
    assertThat(home.run("inspect", "-f", "{{.State.Status}}", id).ok().out())
        .isEqualTo("stopped\n");
  }

  @Test
  void simpleBoxKeepsItsStateBetweenCommandsAndIsGoneAfterwards() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home())) {
      Box box;
      try (SimpleBox simple =
          SimpleBox.start(boxlite, BoxOptions.ofImage("base").autoRemove(true).build())) {
        box = simple.box();
        simple.exec("sh", "-c", "echo kept > /root/file");
        assertThat(simple.exec("cat", "/root/file").stdout()).isEqualTo("kept\n");
        assertThat(simple.exec("sh", "-c", "exit 9").exitCode()).isEqualTo(9);
        assertThatThrownBy(() -> simple.exec("no-such-command"))
            .isInstanceOf(ExecException.class)
            .hasMessageContaining("no-such-command");
      }
      assertThatThrownBy(box::info).isInstanceOf(NotFoundException.class);
      assertThat(home.boxDirectories()).isEmpty();
    }
  }

  @Test
  void timeoutEndsTheWholeTreeAndSaysSo() throws Exception {
    try (Boxlite boxlite = Boxlite.open(home.home());
        SimpleBox box =
            SimpleBox.start(boxlite, BoxOptions.ofImage("base").autoRemove(true).build())) {
      ExitStatus exit =
          box.box()
              .exec(
                  ExecOptions.builder("sh", "-c", "sleep 777 & sleep 777")
                      .timeout(Duration.ofSeconds(1))
                      .build())
              .waitFor();
      assertThat(exit.timedOut()).isTrue();
      assertThat(box.exec("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout())
          .doesNotContain("sleep 777 sleep 777");
    }
  }

  @Test
  void homeMayHaveALongPathWithSpacesAndOtherLetters() throws Exception {
    var deep = home.home().resolve("ein langer Weg mit Ümläuten ".repeat(3).strip());
    Files.createDirectories(deep);
    try (TestHome far = new TestHome(java.util.Map.of("BOXLITE_HOME", deep.toString()))) {
      assertThat(far.run("run", "--rm", "base", "echo", "far").ok().out()).isEqualTo("far\n");
      assertThat(far.run("list", "-a", "-q").ok().out()).isEmpty();
    } finally {
      TestHome.await(
          "supervisor of the far home ended",
          () -> {
            home.processes().forEach(ProcessHandle::destroyForcibly);
            return home.processes().isEmpty();
          });
    }
  }
}
