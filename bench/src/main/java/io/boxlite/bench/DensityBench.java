package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Measures what idle boxes cost in memory: proportional set size (PSS) over all their processes.
/// In it a page that several processes map counts in equal shares, so that the sum is what they
/// use.
///
/// Run by `bench/density`.
final class DensityBench {
  private static final int CPUS = 1;
  private static final int MEMORY_MIB = 512;
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long IDLE_LIMIT_NANOS = TimeUnit.MINUTES.toNanos(2);

  /// CPU time of all boxes in the window, over the window: an emulated idle VM costs 1 to 2 %.
  private static final double IDLE_CPUS_PER_BOX = 0.03;

  private final CommandHome home;

  /// The processes of each box, in the order of their start.
  private final List<List<ProcessHandle>> boxes = new ArrayList<>();

  private DensityBench(CommandHome home) {
    this.home = home;
  }

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; the number of boxes
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    int count = Integer.parseInt(arguments[1]);
    if (count < 2) {
      throw new IllegalArgumentException("number of boxes " + count + ": at least 2 are compared");
    }
    // VMs of a warm pool would be counted as boxes.
    try (WorkDirectory work = WorkDirectory.create();
        CommandHome home =
            new CommandHome(root, work.path().resolve("home"), Map.of("BOXLITE_WARM_POOL", "0"))) {
      System.out.println("engine: " + home.client().info().engine());
      new DensityBench(home).run(count);
    }
  }

  private void run(int count) throws IOException, InterruptedException {
    home.command("run", "--rm", "base", "true"); // makes the template
    startBox();
    awaitIdle();
    double first = total();
    for (int i = 1; i < count; i++) {
      startBox();
    }
    awaitIdle();
    double total = total();
    double[] each = new double[count];
    for (int i = 0; i < count; i++) {
      each[i] = pss(boxes.get(i));
    }
    Samples share = new Samples("proportional share of one of " + count, "MiB", each);
    print("first box alone", first);
    print("all " + count + " boxes", total);
    print("each box beyond the first", (total - first) / (count - 1));
    System.out.println(share.line());
    print("the supervisor", pss(List.of(home.supervisor())));
  }

  private static void print(String name, double mib) {
    System.out.println(String.format(Locale.ROOT, "%-42s %10.1f MiB", name, mib));
  }

  private void startBox() {
    Set<ProcessHandle> before = new HashSet<>(home.helpers());
    Box box =
        home.client()
            .create(
                BoxOptions.ofImage("base")
                    .cpus(CPUS)
                    .memoryMib(MEMORY_MIB)
                    .cmd(List.of("sleep", "100000"))
                    .build());
    box.start();
    boxes.add(home.helpers().stream().filter(process -> !before.contains(process)).toList());
    if (boxes.getLast().isEmpty()) {
      throw new IllegalStateException("box " + box.id() + " has no process");
    }
  }

  /// Waits until the boxes use hardly any CPU, and gives what they freed time to be returned.
  private void awaitIdle() {
    long deadline = System.nanoTime() + IDLE_LIMIT_NANOS;
    double used;
    do {
      long before = cpuNanos();
      LockSupport.parkNanos(WINDOW_NANOS);
      used = (double) (cpuNanos() - before) / WINDOW_NANOS / boxes.size();
    } while (used > IDLE_CPUS_PER_BOX && System.nanoTime() - deadline < 0);
    System.out.printf(Locale.ROOT, "%d boxes at rest use %.3f CPUs each%n", boxes.size(), used);
  }

  private long cpuNanos() {
    return boxes.stream()
        .flatMap(List::stream)
        .mapToLong(process -> process.info().totalCpuDuration().orElseThrow().toNanos())
        .sum();
  }

  private double total() throws IOException {
    double sum = 0;
    for (List<ProcessHandle> box : boxes) {
      sum += pss(box);
    }
    return sum;
  }

  /// {@return proportional set size in MiB; format: proc(5), `smaps_rollup`, in kB}
  private static double pss(List<ProcessHandle> processes) throws IOException {
    long kib = 0;
    for (ProcessHandle process : processes) {
      Path file = Path.of("/proc", Long.toString(process.pid()), "smaps_rollup");
      for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
        if (line.startsWith("Pss:")) {
          kib += Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    }
    return kib / 1024.0;
  }
}
