package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The supervisor is killed at every named moment of every operation. The next one finds a home in
/// order, nothing that was finished is lost, and the operation can be done again.
class CrashIT {
  private static TestHome home;
  private static RegistryServer registry;
  private static CrashScene scene;
  private static Path wanted;
  @TempDir private static Path directory;

  @BeforeAll
  static void open() throws Exception {
    wanted = directory.resolve("wanted");
    home = new TestHome(Map.of("BOXLITE_CRASH_POINT_FILE", wanted.toString()));
    registry = new RegistryServer(directory.resolve("registry"));
    scene = new CrashScene(home, registry, directory);
    scene.prepare();
  }

  @AfterAll
  static void close() {
    try (TestHome _ = home;
        RegistryServer _ = registry) {
      scene.assertRestHasItsFile();
    }
  }

  static Stream<Arguments> moments() {
    List<Arguments> moments = new ArrayList<>();
    for (CrashScenario scenario : CrashScenario.values()) {
      scenario.points().forEach(point -> moments.add(Arguments.of(scenario, point)));
    }
    assertThat(moments).hasSizeGreaterThanOrEqualTo(40);
    return moments.stream();
  }

  @ParameterizedTest(name = "{0} killed at {1}")
  @MethodSource("moments")
  void nothingIsLost(CrashScenario scenario, String point) throws Exception {
    scenario.arrange(scene);
    killAt(point, scenario.command(scene));
    assertInOrder();
    scenario.check(scene);
    scenario.again(scene);
    assertInOrder();
    scene.assertWorkHasItsFile();
  }

  /// Runs a command whose supervisor reaches a moment and is killed there.
  private static void killAt(String point, List<String> command) throws Exception {
    Path log = home.home().resolve("logs/supervisor.log");
    int before = Files.exists(log) ? Files.readString(log).length() : 0;
    Files.writeString(wanted, point);
    Process running = home.start(command.toArray(String[]::new));
    try {
      try {
        TestHome.await(
            point + " reached by " + command, () -> hasReached(log, before, point, running));
      } finally {
        Files.delete(wanted); // before there is another supervisor
        home.killSupervisor();
      }
      assertThat(running.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command).isTrue();
      assertThat(running.exitValue()).as("exit code of %s", command).isNotZero();
    } finally {
      running.destroyForcibly();
    }
  }

  /// @param before length of the log when the command began
  private static boolean hasReached(Path log, int before, String point, Process running) {
    try {
      if (Files.exists(log)
          && Files.readString(log).indexOf("standing still at " + point, before) >= 0) {
        return true;
      }
    } catch (IOException e) {
      return false; // not whole yet
    }
    assertThat(running.isAlive()).as("%s was not reached", point).isTrue();
    return false;
  }

  /// A supervisor is there afterwards.
  private static void assertInOrder() throws IOException {
    Map<String, String> boxes = scene.boxes();
    assertThat(Set.copyOf(home.boxDirectories())).isEqualTo(boxes.keySet());
    long running = boxes.values().stream().filter(Set.of("Running", "Paused")::contains).count();
    TestHome.await(
        "a VM for each of " + boxes + " that runs, and no other",
        () -> home.vms().size() == running);
    TestHome.await(
        "volumes served to boxes that run alone", () -> scene.volumeServers().size() <= running);
    assertThat(unfinished()).isEmpty();
    assertThat(home.entries("volumes/anonymous"))
        .containsExactlyInAnyOrderElementsOf(scene.ownVolumes());
    assertThat(home.entries("volumes/named")).noneMatch(name -> name.startsWith("."));
  }

  /// {@return what only an operation that runs may have}
  private static List<String> unfinished() {
    try (Stream<Path> files = Files.walk(home.home())) {
      return files
          .map(file -> home.home().relativize(file).toString())
          .filter(name -> name.endsWith(".tmp") || name.matches("images/partial/.*[^b]"))
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
