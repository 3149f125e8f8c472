package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Boxes that are started again by themselves, and whose health is watched.
class RestartIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  private String detached(String... arguments) {
    List<String> command = new java.util.ArrayList<>(List.of("run", "-d"));
    command.addAll(List.of(arguments));
    return home.run(command.toArray(String[]::new)).ok().out().strip();
  }

  private String inspect(String id, String template) {
    return home.run("inspect", "-f", template, id).ok().out().strip();
  }

  private void await(String id, String template, String value) {
    TestHome.await(template + " is " + value, () -> inspect(id, template).equals(value));
  }

  /// A VM is there before the box has started: what is executed in it waits for that.
  private void awaitRun(String id, int restarts) {
    await(id, "{{.RestartCount}} {{.State.Status}}", restarts + " running");
    home.run("exec", id, "--", "true").ok();
  }

  private void killVms() {
    List<ProcessHandle> vms = home.vms();
    vms.forEach(ProcessHandle::destroyForcibly);
    TestHome.await("VMs ended", () -> vms.stream().noneMatch(ProcessHandle::isAlive));
  }

  private void killSupervisor() {
    ProcessHandle supervisor = home.supervisor();
    supervisor.destroyForcibly();
    TestHome.await("supervisor ended", () -> !supervisor.isAlive());
  }

  @Test
  void onFailureStartsTheCommandAgainAsOftenAsItSaysAndLogsEveryRun() {
    String id =
        detached("--restart", "on-failure:2", "base", "sh", "-c", "echo run >> /runs; exit 3");
    await(id, "{{.RestartCount}} {{.State.Status}} {{.State.Restarting}}", "2 stopped false");
    assertThat(inspect(id, "{{.State.ExitCode}}")).isEqualTo("3");
    assertThat(home.vms()).isEmpty();
  }

  @Test
  void alwaysSurvivesItsVmAndItsSupervisorAndEndsWithStop() {
    String always = detached("--restart", "always", "base", "sleep", "1000");
    killVms();
    awaitRun(always, 1);

    // Both die: the next supervisor starts it.
    killSupervisor();
    killVms();
    awaitRun(always, 2);

    // Only the supervisor dies: the run is taken over, and goes on being looked after.
    killSupervisor();
    awaitRun(always, 2);
    killVms();
    awaitRun(always, 3);

    home.run("stop", always).ok();
    assertThat(inspect(always, "{{.State.Status}} {{.State.Restarting}}"))
        .isEqualTo("stopped false");
    assertThat(home.vms()).isEmpty();
    home.run("rm", always).ok();
    assertThat(home.boxDirectories()).isEmpty();
  }

  @Test
  void whatAUserStoppedIsStartedByTheNextSupervisorWithAlwaysOnly() {
    String always = detached("--restart", "always", "base", "sleep", "1000");
    String unless = detached("--restart", "unless-stopped", "base", "sleep", "1000");
    home.run("stop", always, unless).ok();
    killSupervisor();
    await(always, "{{.State.Status}}", "running");
    assertThat(inspect(unless, "{{.State.Status}} {{.State.Restarting}}"))
        .isEqualTo("stopped false");
  }

  @Test
  void foregroundCommandEndsWithItsFirstRunAndTheBoxGoesOn() {
    TestHome.Result first =
        home.run(
            "run",
            "--restart",
            "always",
            "--name",
            "again",
            "base",
            "sh",
            "-c",
            "echo out; test -e /ran && sleep 1000; touch /ran; exit 4");
    assertThat(first.exitCode()).isEqualTo(4);
    assertThat(first.out()).isEqualTo("out\n");
    await("again", "{{.RestartCount}} {{.State.Status}}", "1 running");
  }

  @Test
  void healthIsToldAlsoByTheNextSupervisorAndAProbeThatHangsIsKilled() {
    String id =
        detached(
            "--health-cmd",
            "test -e /hang && sleep 999; test -e /good && echo fine",
            "--health-interval",
            "200ms",
            "--health-timeout",
            "1s",
            "--health-retries",
            "2",
            "base",
            "sleep",
            "1000");
    await(id, "{{.State.Health.Status}}", "unhealthy");
    home.run("exec", id, "--", "touch", "/good").ok();
    await(id, "{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "healthy 0");
    assertThat(inspect(id, "{{json .State.Health.Log}}")).contains("\"Output\":\"fine\\n\"");

    killSupervisor();
    await(id, "{{.State.Health.Status}}", "healthy");

    home.run("exec", id, "--", "touch", "/hang").ok();
    await(id, "{{.State.Health.Status}}", "unhealthy");
    assertThat(inspect(id, "{{json .State.Health.Log}}")).contains("timeout of 1000 ms");
    home.run("exec", id, "--", "rm", "/hang").ok();
    await(id, "{{.State.Health.Status}}", "healthy");
    // The whole tree of what hung was killed. A probe that ends meanwhile is gone when cat comes.
    assertThat(home.run("exec", id, "--", "sh", "-c", "cat /proc/[0-9]*/cmdline || true").ok().out())
        .contains("1000")
        .doesNotContain("999");
    assertThat(inspect(id, "{{.RestartCount}} {{.State.Status}}")).isEqualTo("0 running");
  }
}
