package io.boxlite.runtime.internal.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.TemplateProgress;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.lifecycle.FakeDriver;
import io.boxlite.runtime.internal.lifecycle.FakeDriver.FakeVm;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VmSourceTest {
  @TempDir Path directory;

  private final FakeDriver driver = new FakeDriver();
  private final List<AgentVm> started = new ArrayList<>();
  private HomeLayout layout;
  private VmSource source;

  @BeforeEach
  void makeHome() throws Exception {
    layout = new HomeLayout(directory.resolve("home"));
    layout.create();
    Files.writeString(directory.resolve("guest"), "kernel");
    open(0, true);
  }

  private void open(int warmPool, boolean templates) {
    Path guest = directory.resolve("guest");
    source =
        new VmSource(
            new RuntimeOptions(
                "tcg",
                guest,
                guest,
                guest,
                guest,
                "127.0.0.1",
                java.util.List.of(),
                java.util.Optional.empty(),
                java.util.Optional.empty(),
                directory,
                directory,
                Duration.ofSeconds(10),
                OptionalInt.of(warmPool),
                templates,
                java.util.List.of(),
                io.boxlite.image.ImageLimits.DEFAULT),
            layout,
            driver,
            new BoxDisks(layout.baseDisks()),
            PrepareRequest::getDefaultInstance);
  }

  @AfterEach
  void close() throws Exception {
    source.close();
    for (AgentVm agent : started) {
      agent.portal().close();
    }
    driver.close();
  }

  private VmSource.Request request(String id, boolean cold) {
    layout.box(id).create();
    return new VmSource.Request(id, 1, 512, layout.box(id).vm(), cold);
  }

  private AgentVm start(String id, boolean cold) {
    AgentVm agent = source.start(request(id, cold), new SpawnedVm(), _ -> {});
    synchronized (started) {
      started.add(agent);
    }
    return agent;
  }

  private List<Class<?>> origins() {
    return driver.vms.stream().<Class<?>>map(vm -> vm.origin().getClass()).toList();
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plusSeconds(20);
    while (!condition.call()) {
      assertThat(Instant.now()).as(what).isBefore(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void theFirstStartMakesTheTemplateThatAllAreRestoredFrom() {
    assertThat(start("one", false).origin()).isEqualTo(StartOrigin.TEMPLATE);
    assertThat(start("two", false).origin()).isEqualTo(StartOrigin.TEMPLATE);
    assertThat(origins())
        .containsExactly(VmOrigin.Seed.class, VmOrigin.Restored.class, VmOrigin.Restored.class);
    FakeVm seed = driver.vms.getFirst();
    assertThat(seed.isAlive()).isFalse();
    assertThat(seed.attached).as("disks of the rehearsal").isEmpty();
    assertThat(source.templates().list()).singleElement().matches(t -> t.inUse(), "in use");
    assertThat(source.templates().prune()).isEmpty();
    driver.vms.forEach(Vm::kill);
    assertThat(source.templates().prune()).hasSize(1);
    assertThat(layout.templates()).isEmptyDirectory();
  }

  @Test
  void manyFirstStartsMakeOneTemplate() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<AgentVm>> starts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String id = "box" + i;
        starts.add(() -> start(id, false));
      }
      for (Future<AgentVm> each : threads.invokeAll(starts)) {
        assertThat(each.get().origin()).isEqualTo(StartOrigin.TEMPLATE);
      }
    }
    assertThat(origins().stream().filter(VmOrigin.Seed.class::equals)).hasSize(1);
  }

  @Test
  void aBoxBootsWhenItWantsToAndWhenTemplatesAreOff() {
    assertThat(start("one", true).origin()).isEqualTo(StartOrigin.COLD);
    source.close();
    open(4, false);
    VmSource.Request request = request("two", false);
    assertThat(start("two", false).origin()).isEqualTo(StartOrigin.COLD);
    source.started(request);
    assertThat(origins()).containsOnly(VmOrigin.Cold.class);
    assertThat(layout.templates()).isEmptyDirectory();
  }

  @Test
  void aTemplateThatCannotBeRestoredIsGivenAwayAndTheBoxBoots() {
    start("one", false);
    driver.refused.add(VmOrigin.Restored.class);
    assertThat(start("two", false).origin()).isEqualTo(StartOrigin.COLD);
    assertThat(layout.templates()).isEmptyDirectory();
    driver.refused.clear();
    assertThat(start("three", false).origin()).isEqualTo(StartOrigin.TEMPLATE);
  }

  @Test
  void aTemplateThatCannotBeMadeIsNotTriedAgainAtEachStart() {
    driver.refused.add(VmOrigin.Seed.class);
    assertThat(start("one", false).origin()).isEqualTo(StartOrigin.COLD);
    driver.refused.clear();
    assertThat(start("two", false).origin()).isEqualTo(StartOrigin.COLD);
    assertThat(layout.templates()).isEmptyDirectory();
    List<TemplateProgress> progress = new ArrayList<>();
    source.templates().build(1, 512, progress::add);
    assertThat(progress)
        .containsExactly(
            TemplateProgress.BOOTING,
            TemplateProgress.REHEARSING,
            TemplateProgress.SAVING,
            TemplateProgress.READY);
    assertThat(start("three", false).origin()).isEqualTo(StartOrigin.TEMPLATE);
  }

  @Test
  void aStartThatWasGivenUpLeavesNoVmAndTellsNobody() {
    SpawnedVm spawned = new SpawnedVm();
    spawned.kill();
    List<Vm> told = new ArrayList<>();
    assertThatThrownBy(() -> source.start(request("one", true), spawned, told::add))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("given up");
    assertThat(told).isEmpty();
    assertThat(driver.vms).noneMatch(FakeVm::isAlive);
  }

  @Test
  void aRestoreThatIsGivenUpNeitherBootsNorBlamesTheTemplate() {
    source.templates().build(1, 512, _ -> {});
    SpawnedVm spawned = new SpawnedVm();
    assertThatThrownBy(() ->
            source.start(
                request("one", false),
                spawned,
                _ -> {
                  driver.vm().loseAgent();
                  spawned.kill();
                }))
        .isInstanceOf(BoxliteException.class);
    assertThat(origins()).containsExactly(VmOrigin.Seed.class, VmOrigin.Restored.class);
    assertThat(driver.vms).noneMatch(FakeVm::isAlive);
    assertThat(source.templates().list()).singleElement().matches(t -> !t.inUse(), "not in use");
  }

  @Test
  void anAgentThatDoesNotAnswerLeavesNoVm() {
    source.templates().build(1, 512, _ -> {});
    assertThatThrownBy(() ->
            source.start(request("one", false), new SpawnedVm(), _ -> driver.vm().loseAgent()))
        .isInstanceOf(BoxliteException.class);
    assertThat(origins())
        .containsExactly(VmOrigin.Seed.class, VmOrigin.Restored.class, VmOrigin.Cold.class);
    assertThat(driver.vms).noneMatch(FakeVm::isAlive);
    assertThat(layout.templates()).isEmptyDirectory();
  }

  @Test
  void aMissingKernelIsNamedBeforeAnythingStarts() throws Exception {
    Files.delete(directory.resolve("guest"));
    assertThatThrownBy(() -> start("one", false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("BOXLITE_KERNEL");
    assertThat(driver.vms).isEmpty();
  }

  @Test
  void aSizeThatNoBoxMayHaveIsNotBuilt() {
    List<TemplateProgress> progress = new ArrayList<>();
    assertThatThrownBy(() -> source.templates().build(1, 1, progress::add))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("memory");
    assertThat(progress).isEmpty();
    assertThat(driver.vms).isEmpty();
  }

  @Test
  void aTemplateThatAKilledSupervisorLeftUnfinishedIsRemoved() throws Exception {
    source.close();
    Path unfinished = Files.createDirectory(layout.templates().resolve("abc.tmp"));
    Files.writeString(unfinished.resolve("memory"), "half");
    open(0, true);
    assertThat(unfinished).doesNotExist();
    assertThat(source.templates().list()).isEmpty();
  }

  @Test
  void aWarmVmIsHandedOutOnceWithItsFiles() throws Exception {
    source.close();
    open(1, true);
    start("one", false);
    source.started(request("one", false));
    await("a warm VM", () -> source.warmVms() == 1);

    AgentVm two = start("two", false);
    assertThat(two.origin()).isEqualTo(StartOrigin.WARM);
    assertThat(((FakeVm) two.vm()).moves).containsExactly(layout.box("two").vm());
    assertThat(source.warmVms()).isZero();
    assertThat(start("three", false).origin()).isEqualTo(StartOrigin.TEMPLATE);

    source.started(request("three", false));
    await("the next warm VM", () -> source.warmVms() == 1);
    FakeVm waiting = driver.vm();
    source.close();
    assertThat(waiting.isAlive()).isFalse();
    assertThat(two.vm().isAlive()).isTrue();
    assertThat(layout.warmPool()).isEmptyDirectory();
  }

  @Test
  void aWarmVmThatDiedIsNotHandedOut() throws Exception {
    source.close();
    open(1, true);
    source.templates().build(1, 512, _ -> {});
    source.started(request("one", false));
    await("a warm VM", () -> source.warmVms() == 1);
    driver.vm().die();
    assertThat(start("two", false).origin()).isEqualTo(StartOrigin.TEMPLATE);
  }
}
