package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The supervisor may die at any moment, and nothing is lost.
class TakeoverIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @Test
  void detachedBoxGoesOnAndTheNextSupervisorTakesItOverInMidStream() throws Exception {
    String id = home.run("run", "-d", "base", "sleep", "1000").ok().out().strip();
    Process streaming = home.start("exec", id, "--", "cat", "/dev/zero");
    assertThat(streaming.getInputStream().readNBytes(4 << 20)).hasSize(4 << 20);
    home.killSupervisor();
    streaming.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    assertThat(streaming.waitFor()).isEqualTo(1);

    assertThat(home.run("list").ok().out()).contains(id).contains("Running");
    assertThat(home.run("exec", id, "--", "echo", "still here").ok().out())
        .isEqualTo("still here\n");
    // What streamed is still there too, and can be killed.
    assertThat(home.run("exec", id, "--", "sh", "-c", "cat /proc/[0-9]*/comm").ok().out())
        .contains("cat\n");

    home.run("rm", "-f", id).ok();
    assertThat(home.vms()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
    try (Stream<Path> files = Files.walk(home.home())) {
      assertThat(files.filter(file -> file.toString().endsWith(".sock")).toList())
          .isEqualTo(List.of(home.home().resolve("boxlite.sock")));
    }
  }

  @Test
  void boxThatWasNotDetachedEndsWithItsSupervisor() throws Exception {
    Process foreground = home.start("run", "--rm", "base", "sh", "-c", "echo up; sleep 1000");
    assertThat(foreground.getInputStream().readNBytes(3)).asString().isEqualTo("up\n");
    home.killSupervisor();
    assertThat(foreground.waitFor()).isEqualTo(1);
    assertThat(home.run("list", "-a", "-q").ok().out()).isEmpty();
    assertThat(home.vms()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
  }

  @Test
  void foregroundBoxEndsWhenItsCommandIsKilled() throws Exception {
    Process foreground = home.start("run", "--rm", "base", "sh", "-c", "echo up; sleep 1000");
    assertThat(foreground.getInputStream().readNBytes(3)).asString().isEqualTo("up\n");
    foreground.destroyForcibly();
    TestHome.await("box removed", () -> home.boxDirectories().isEmpty() && home.vms().isEmpty());
  }

  @Test
  void vmThatDiesIsMarkedSoWithItsCause() {
    String id = home.run("run", "-d", "base", "sleep", "1000").ok().out().strip();
    home.vms().forEach(ProcessHandle::destroyForcibly);
    TestHome.await(
        "box failed",
        () -> home.run("inspect", "-f", "{{.State.Status}}", id).out().equals("failed\n"));
    home.run("start", id).ok();
    assertThat(home.run("exec", id, "--", "echo", "back").ok().out()).isEqualTo("back\n");
  }

  @Test
  void lostDatabaseIsRebuiltWhileABoxRuns() throws Exception {
    String id = home.run("run", "-d", "--name", "n", "base", "sleep", "1000").ok().out().strip();
    home.killSupervisor();
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(Path.of(home.home() + "/db/boxes.db" + suffix));
    }
    assertThat(home.run("list", "-q").ok().out()).isEqualTo(id + "\n");
    assertThat(home.run("exec", "n", "--", "echo", "here").ok().out()).isEqualTo("here\n");
  }
}
