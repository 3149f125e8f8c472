package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.Execution;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.TemplateInfo;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Boxes start from templates and from the warm pool, and all the same when these are no good.
class TemplateIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = TestHome.withoutTemplates(Map.of("BOXLITE_WARM_POOL", "1"));
  }

  private LocalBoxlite runtime(String warmPool) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_WARM_POOL", warmPool);
    return LocalBoxlite.tryOpen(home.home(), RuntimeOptions.ofEnvironment(environment))
        .orElseThrow();
  }

  private static BoxOptions.Builder echo(String text) {
    return BoxOptions.ofImage("base").cmd(List.of("echo", text)).autoRemove(true);
  }

  /// Runs a box to its end.
  private static StartOrigin run(Boxlite boxlite, BoxOptions options) throws Exception {
    Box box = boxlite.create(options);
    Execution main = box.attach();
    box.start();
    BootTiming timing = box.metrics().boot().orElseThrow();
    assertThat(new String(main.stdout().readAllBytes())).isEqualTo("hello\n");
    assertThat(main.waitFor().code()).isZero();
    return timing.origin();
  }

  private static void awaitWarm(Boxlite boxlite, int count) {
    TestHome.await(count + " warm VMs", () -> boxlite.info().warmVms() == count);
  }

  @Test
  void manyThatAskAtOnceGetOneTemplate() throws Exception {
    try (LocalBoxlite boxlite = runtime("0");
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<StartOrigin>> starts = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        starts.add(() -> run(boxlite, echo("hello").build()));
      }
      for (Future<StartOrigin> start : threads.invokeAll(starts, 2, TimeUnit.MINUTES)) {
        assertThat(start.get()).isEqualTo(StartOrigin.TEMPLATE);
      }
      TemplateInfo only = boxlite.templates().list().getFirst();
      assertThat(boxlite.templates().list()).hasSize(1);
      assertThat(only.cpus()).isEqualTo(1);
      assertThat(only.memoryMib()).isEqualTo(512);
      assertThat(only.inUse()).isFalse();
      assertThat(only.sizeBytes()).isBetween(1L << 20, 400L << 20);
      assertThat(run(boxlite, echo("hello").noTemplate(true).build())).isEqualTo(StartOrigin.COLD);
      assertThat(boxlite.templates().prune()).hasSize(1);
      assertThat(home.templates()).isEmptyDirectory();
    }
    assertThat(home.vms()).isEmpty();
  }

  @Test
  void otherSizesHaveTemplatesOfTheirOwn() throws Exception {
    try (LocalBoxlite boxlite = runtime("0")) {
      int cpus = Math.min(2, Runtime.getRuntime().availableProcessors());
      boxlite.templates().build(cpus, 1024, _ -> {});
      Box box =
          boxlite.create(
              BoxOptions.ofImage("base")
                  .cmd(
                      List.of("sh", "-c", "nproc; free -m | sed -n 's/Mem: *\\([0-9]*\\).*/\\1/p'"))
                  .cpus(cpus)
                  .memoryMib(1024)
                  .autoRemove(true)
                  .build());
      Execution main = box.attach();
      box.start();
      assertThat(box.metrics().boot().orElseThrow().origin()).isEqualTo(StartOrigin.TEMPLATE);
      String[] lines = new String(main.stdout().readAllBytes()).split("\n");
      assertThat(Integer.parseInt(lines[0])).isEqualTo(cpus);
      assertThat(Integer.parseInt(lines[1])).isBetween(900, 1024);
    }
  }

  private Path template() {
    try (Stream<Path> templates = Files.list(home.templates())) {
      return templates.findFirst().orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aBadTemplateIsMadeAgainAndTheBoxStartsAllTheSame() throws Exception {
    try (LocalBoxlite boxlite = runtime("0")) {
      boxlite.templates().build(1, 512, _ -> {});
      Files.writeString(template().resolve("state"), "not a state");
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.COLD);
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.TEMPLATE);
      try (var memory =
          Files.newByteChannel(template().resolve("memory"), StandardOpenOption.WRITE)) {
        memory.truncate(4096);
      }
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.COLD);
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.TEMPLATE);
    }
    assertThat(home.vms()).isEmpty();
  }

  @Test
  void anUntouchedManifestDoesNotHideAStateThatQemuRefuses() throws Exception {
    try (LocalBoxlite boxlite = runtime("0")) {
      boxlite.templates().build(1, 512, _ -> {});
      Path directory = template();
      // The state of another machine, as far as QEMU can tell, with a manifest that fits it.
      Path state = directory.resolve("state");
      var time = Files.getLastModifiedTime(state);
      byte[] content = Files.readAllBytes(state);
      content[5]++;
      Files.write(state, content);
      Files.setLastModifiedTime(state, time);
      String digest =
          java.util.HexFormat.of()
              .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(content));
      Path manifest = directory.resolve("manifest");
      Files.writeString(
          manifest,
          Files.readString(manifest)
              .replaceAll("state_sha256=[0-9a-f]*", "state_sha256=" + digest));
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.COLD);
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.TEMPLATE);
    }
    assertThat(home.vms()).isEmpty();
  }

  @Test
  void aWarmVmBecomesABoxThatALaterSupervisorTakesOver() throws Exception {
    home.run("run", "--rm", "base", "true").ok();
    TestHome.await("a warm VM", () -> home.run("info").ok().out().contains("warmVms: 1\n"));
    ProcessHandle warm = home.vms().getFirst();
    String id = home.run("run", "-d", "base", "sleep", "1000").ok().out().strip();
    assertThat(home.run("inspect", "-f", "{{.State.Pid}}", id).ok().out().strip())
        .isEqualTo(Long.toString(warm.pid()));
    ProcessHandle supervisor = home.supervisor();
    supervisor.destroyForcibly();
    TestHome.await("supervisor ended", () -> !supervisor.isAlive());
    // What waits dies with it, what is a box's goes on.
    TestHome.await("only the box's VM is left", () -> home.vms().equals(List.of(warm)));
    assertThat(home.run("exec", id, "--", "echo", "still here").ok().out())
        .isEqualTo("still here\n");
    home.run("rm", "-f", id).ok();
    TestHome.await("the box's VM ended", () -> !warm.isAlive());
  }

  @Test
  void theWarmPoolIsCountedAndEndsWithItsRuntime() throws Exception {
    try (LocalBoxlite boxlite = runtime("2")) {
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.TEMPLATE);
      awaitWarm(boxlite, 1);
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.WARM);
      awaitWarm(boxlite, 2);
      assertThat(run(boxlite, echo("hello").build())).isEqualTo(StartOrigin.WARM);
      awaitWarm(boxlite, 2);
    }
    assertThat(home.processes()).isEmpty();
    assertThat(home.home().resolve("pool")).isEmptyDirectory();
  }
}
