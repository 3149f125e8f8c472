package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.StartOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Measures every way that a box starts, and a command in a running box: in turn, in one run.
///
/// Run by `bench/start`.
final class StartBench {
  private static final int STARTS = 20;
  private static final int EXECS = 300;

  // The defaults, which the command uses too.
  private static final int CPUS = 1;
  private static final int MEMORY_MIB = 512;

  private StartBench() {}

  /// Measures everything and prints it.
  ///
  /// @param arguments the root of the source tree, built
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    try (WorkDirectory work = WorkDirectory.create();
        Boxlite restored =
            Starts.open(work.path().resolve("restored"), Map.of("BOXLITE_WARM_POOL", "0"));
        Boxlite warm = Starts.open(work.path().resolve("warm"), Map.of("BOXLITE_WARM_POOL", "1"));
        CommandHome command = new CommandHome(root, work.path().resolve("cli"), Map.of())) {
      System.out.println("engine: " + restored.info().engine());
      Gvisor gvisor =
          new Gvisor(
              root.resolve("dist/images/base.tar"),
              Files.createDirectories(work.path().resolve("gvisor")));
      System.out.println("gVisor: platform " + gvisor.platform());
      System.out.println("median [lowest tenth – highest tenth]\n");
      prepare(restored, warm, command);
      starts(restored, warm, command, gvisor);
      execs(restored);
    }
  }

  /// Makes the templates, and fills the pools: those begin when a box has been started.
  private static void prepare(Boxlite restored, Boxlite warm, CommandHome command)
      throws IOException, InterruptedException {
    restored.templates().build(CPUS, MEMORY_MIB, _ -> {});
    warm.templates().build(CPUS, MEMORY_MIB, _ -> {});
    Starts.firstByte(warm, base(), StartOrigin.TEMPLATE);
    awaitPool(warm);
    command.command("run", "--rm", "base", "true");
    awaitPool(command.client());
  }

  private static BoxOptions.Builder base() {
    return BoxOptions.ofImage("base").cpus(CPUS).memoryMib(MEMORY_MIB);
  }

  private static void starts(Boxlite restored, Boxlite warm, CommandHome command, Gvisor gvisor)
      throws Exception {
    List<Samples> samples =
        Rounds.alternate(
            STARTS,
            List.of(
                new Rounds.Subject(
                    "restored: create to first byte of output",
                    "ms",
                    () -> Starts.firstByte(restored, base(), StartOrigin.TEMPLATE)),
                new Rounds.Subject(
                    "cold: the same box booted",
                    "ms",
                    () -> Starts.firstByte(restored, base().noTemplate(true), StartOrigin.COLD)),
                new Rounds.Subject(
                    "warm: the same box from the pool",
                    "ms",
                    () -> {
                      double took = Starts.firstByte(warm, base(), StartOrigin.WARM);
                      awaitPool(warm);
                      return took;
                    }),
                new Rounds.Subject(
                    "command: run --rm base true",
                    "ms",
                    () -> {
                      double took =
                          Rounds.millis(() -> {
                            command.command("run", "--rm", "base", "true");
                            return null;
                          });
                      awaitPool(command.client());
                      return took;
                    }),
                new Rounds.Subject(
                    "gVisor: runsc run of base with true",
                    "ms",
                    () ->
                        Rounds.millis(() -> {
                          gvisor.run();
                          return null;
                        }))));
    samples.forEach(line -> System.out.println(line.line()));
    System.out.println(samples.get(0).ratioTo(samples.get(1)));
    System.out.println(samples.get(2).ratioTo(samples.get(1)));
    System.out.println(samples.get(3).ratioTo(samples.get(4)) + "\n");
  }

  /// A pool that fills again would slow down the next sample.
  private static void awaitPool(Boxlite boxlite) {
    Starts.await("a warm VM", () -> boxlite.info().warmVms() >= 1);
  }

  private static void execs(Boxlite boxlite) throws Exception {
    Box box = boxlite.create(BoxOptions.ofImage("base").cmd(List.of("sleep", "100000")).build());
    box.start();
    List<Samples> samples =
        Rounds.alternate(
            EXECS,
            List.of(
                new Rounds.Subject(
                    "exec true in a running box",
                    "ms",
                    () -> Rounds.millis(() -> box.exec(ExecOptions.of("true")).waitFor())),
                new Rounds.Subject(
                    "true as a process of the host",
                    "ms",
                    () -> Rounds.millis(() -> new ProcessBuilder("true").start().waitFor()))));
    for (Samples line : samples) {
      System.out.println(line.line());
      System.out.println(line.tailLine());
    }
    box.remove(true);
  }
}
