package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.Execution;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Starting and stopping leaves nothing behind, however often it is done.
class ChurnIT {
  /// So many at a time: more would only wait for the CPUs of a small machine.
  private static final int THREADS = 2;

  private static final int STARTS = 400;
  private static final int POOLED_STARTS = 100;
  private static final Duration SETTLED_LIMIT = Duration.ofSeconds(30);

  @AutoClose private TestHome home;
  private Path temporary;

  @BeforeEach
  void open() throws IOException {
    home = new TestHome();
    temporary = Files.createDirectory(home.home().resolveSibling("tmp"));
  }

  @Test
  void hundredsOfStartsLeaveNothingBehind() throws Exception {
    try (Boxlite boxlite = runtime(0)) {
      Box again = boxlite.create(sleeping().build());
      // What is made once and stays (templates, base disks, threads and their descriptors).
      churn(boxlite, again, 5 * THREADS);
      Map<String, Integer> before = traces();
      churn(boxlite, again, STARTS);
      awaitAsBefore(before);
      assertThat(boxlite.list()).hasSize(1);
    }
    assertThat(home.processes()).isEmpty();
  }

  @Test
  void aHundredStartsFromTheWarmPoolLeaveNothingBehind() throws Exception {
    try (Boxlite boxlite = runtime(1)) {
      churn(boxlite, boxlite.create(sleeping().build()), 5 * THREADS);
    }
    Map<String, Integer> before = traces();
    try (Boxlite boxlite = runtime(1)) {
      churn(boxlite, boxlite.get(boxlite.list().getFirst().id()).orElseThrow(), POOLED_STARTS);
    }
    awaitAsBefore(before);
    assertThat(home.processes()).isEmpty();
  }

  /// What ends in the background may take a moment.
  private void awaitAsBefore(Map<String, Integer> before) {
    long deadline = System.nanoTime() + SETTLED_LIMIT.toNanos();
    Map<String, Integer> now = traces();
    while (!now.equals(before) && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(100_000_000);
      now = traces();
    }
    assertThat(now).isEqualTo(before);
  }

  private Boxlite runtime(int warmPool) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_WARM_POOL", Integer.toString(warmPool));
    environment.put("BOXLITE_TMPDIR", temporary.toString());
    return LocalBoxlite.tryOpen(home.home(), RuntimeOptions.ofEnvironment(environment))
        .orElseThrow();
  }

  private static BoxOptions.Builder sleeping() {
    return BoxOptions.ofImage("base").cmd(List.of("sleep", "100000"));
  }

  /// Starts boxes that end in every way, several at a time.
  ///
  /// @param again a stopped box, which is started and stopped too
  private static void churn(Boxlite boxlite, Box again, int starts) throws Exception {
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> working = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        working.add(
            threads.submit(() -> {
              for (int n = next.getAndIncrement(); n < starts; n = next.getAndIncrement()) {
                startAndStop(boxlite, again, n % 5);
              }
              return null;
            }));
      }
      for (Future<?> worker : working) {
        worker.get();
      }
    }
  }

  private static void startAndStop(Boxlite boxlite, Box again, int kind) throws Exception {
    switch (kind) {
      case 0 -> {
        Box box = boxlite.create(job().autoRemove(true).build());
        runToItsEnd(box);
        TestHome.await("removed", () -> boxlite.get(box.id()).isEmpty());
      }
      case 1 -> {
        Box box = boxlite.create(job().build());
        runToItsEnd(box);
        TestHome.await("stopped", () -> box.info().status() == BoxStatus.STOPPED);
        box.remove(false);
      }
      case 2 -> {
        Box box = boxlite.create(sleeping().autoRemove(true).build());
        box.start();
        box.stop(Duration.ofSeconds(10));
      }
      case 3 -> {
        Box box = boxlite.create(sleeping().build());
        box.start();
        box.remove(true);
      }
      default -> {
        // Two threads may be here at once: one box that is started and stopped from two sides.
        synchronized (again) {
          again.start();
          again.stop(Duration.ofSeconds(10));
        }
      }
    }
  }

  private static BoxOptions.Builder job() {
    return BoxOptions.ofImage("base").cmd(List.of("true"));
  }

  private static void runToItsEnd(Box box) throws Exception {
    Execution main = box.attach();
    box.start();
    assertThat(main.waitFor().code()).isZero();
  }

  /// {@return what there is of this home, and what this process has open: names with counts}
  private Map<String, Integer> traces() {
    Map<String, Integer> traces = new TreeMap<>();
    traces.put("processes", home.processes().size());
    for (Path root : List.of(home.home(), temporary)) {
      try (Stream<Path> files = Files.walk(root)) {
        files.forEach(file -> traces.merge(file.toString(), 1, Integer::sum));
      } catch (IOException | UncheckedIOException _) {
        traces.put(root + " changes", 1);
      }
    }
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      descriptors.forEach(descriptor -> traces.merge(target(descriptor), 1, Integer::sum));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return traces;
  }

  private static String target(Path descriptor) {
    try {
      // A socket is named by its number, which says nothing.
      return "open " + Files.readSymbolicLink(descriptor).toString().replaceAll("\\[.*", "");
    } catch (IOException _) {
      return "open for the listing itself";
    }
  }
}
