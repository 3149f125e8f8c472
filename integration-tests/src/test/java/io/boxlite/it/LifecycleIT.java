package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What can be done with a box in which state, and what comes of two who do it at once.
class LifecycleIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  private String status() {
    return home.run("inspect", "-f", "{{.State.Status}}", "n").ok().out().strip();
  }

  private String sh(String script) {
    return home.run("exec", "n", "--", "sh", "-c", script).ok().out();
  }

  private void runBox(String... command) {
    List<String> arguments = new java.util.ArrayList<>(List.of("run", "-d", "--name", "n", "base"));
    arguments.addAll(List.of(command));
    home.run(arguments.toArray(String[]::new)).ok();
  }

  @Test
  void pausedBoxStandsStillWhateverBecomesOfTheSupervisor() {
    runBox("sh", "-c", "while :; do cat /proc/uptime >> /ticks; usleep 20000; done");
    TestHome.await("it ticks", () -> sh("cat /ticks || true").lines().count() > 2);
    assertThat(home.run("pause", "n").ok().out()).isEqualTo("n\n");
    assertThat(status()).isEqualTo("paused");
    assertThat(home.run("list").ok().out()).contains("Paused");
    for (List<String> refused :
        List.of(
            List.of("exec", "n", "--", "true"),
            List.of("cp", "n:/ticks", "-"),
            List.of("start", "n"),
            List.of("pause", "n"),
            List.of("commit", "n", "x:1"),
            List.of("rm", "n"))) {
      TestHome.Result result = home.run(refused.toArray(String[]::new));
      assertThat(result.exitCode()).as("%s", refused).isEqualTo(1);
      assertThat(result.err()).as("%s", refused).contains("paused");
    }
    home.run("stats", "n").ok();
    home.killSupervisor();
    assertThat(status()).isEqualTo("paused");

    home.run("unpause", "n").ok();
    assertThat(status()).isEqualTo("running");
    Instant inside = Instant.ofEpochSecond(Long.parseLong(sh("date +%s").strip()));
    assertThat(Duration.between(inside, Instant.now()).abs()).isLessThan(Duration.ofSeconds(3));
    long ticks = sh("cat /ticks").lines().count();
    TestHome.await("it ticks again", () -> sh("cat /ticks").lines().count() > ticks);
    assertThat(home.run("unpause", "n").err()).contains("Cannot unpause").contains("running");
  }

  @Test
  void stopOfAPausedBoxLosesNothing() {
    runBox("sleep", "1000");
    sh("printf kept > /unsynced");
    home.run("pause", "n").ok();
    home.run("stop", "n").ok();
    assertThat(status()).isEqualTo("stopped");
    home.run("start", "n").ok();
    assertThat(sh("cat /unsynced")).isEqualTo("kept");
  }

  @Test
  void waitTellsHowTheMainCommandEnded() throws Exception {
    runBox("sh", "-c", "until [ -e /end ]; do usleep 20000; done; exit 7");
    Process waiting = home.start("wait", "n");
    home.run("exec", "n", "--", "touch", "/end"); // it may be killed when the box ends
    assertThat(TestHome.finish(waiting, new byte[0]).ok().out()).isEqualTo("7\n");
    assertThat(home.run("wait", "n").ok().out()).isEqualTo("7\n");
    home.run("rm", "n").ok();

    runBox("sleep", "1000");
    Process killed = home.start("wait", "n");
    TestHome.await("it waits", () -> connections() > 0);
    home.run("rm", "-f", "n").ok();
    assertThat(TestHome.finish(killed, new byte[0]).out()).isIn("137\n", "");

    home.run("create", "--name", "n", "base").ok();
    assertThat(home.run("wait", "n").ok().out()).isEqualTo("0\n");
    assertThat(home.run("wait", "nobody").exitCode()).isEqualTo(1);
  }

  /// {@return how many clients the supervisor has}
  private int connections() {
    Process ss = home.startProcess(List.of("ss", "-xH", "state", "connected"));
    return (int)
        TestHome.finish(ss, new byte[0])
            .out()
            .lines()
            .filter(line -> line.contains(home.home().resolve("boxlite.sock").toString()))
            .count();
  }

  @ParameterizedTest
  @CsvSource({
    "start,start",
    "start,rm -f",
    "stop,rm -f",
    "pause,stop",
    "stop,stop",
    "restart,rm -f",
    "pause,pause",
    "start,pause",
    "restart,restart"
  })
  void ofTwoWhoActAtOnceEachGetsAClearAnswer(String one, String other) throws Exception {
    runBox("sleep", "1000");
    if (one.equals("start")) {
      home.run("stop", "n").ok();
    }
    Process first = home.start(on(one));
    Process second = home.start(on(other));
    for (Process process : List.of(first, second)) {
      process.getOutputStream().close();
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).as("%s and %s", one, other).isTrue();
      String error = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.exitValue() != 0) {
        assertThat(error)
            .containsAnyOf("invalid state", "No such box", "not found", "was removed", "stopped");
        assertThat(error).doesNotContain("internal error");
      } else {
        assertThat(error).isEmpty();
      }
    }
    boolean there = home.run("inspect", "n").exitCode() == 0;
    if (there) {
      String state = status();
      assertThat(state).isIn("running", "stopped", "paused", "failed");
      assertThat(home.vms()).hasSize(state.equals("running") || state.equals("paused") ? 1 : 0);
    } else {
      assertThat(home.vms()).isEmpty();
      assertThat(home.boxDirectories()).isEmpty();
    }
  }

  private static String[] on(String verb) {
    return (verb + " n").split(" ");
  }
}
