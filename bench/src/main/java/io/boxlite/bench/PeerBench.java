package io.boxlite.bench;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.boxes.SimpleBox;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Compares starts with those of the npm package `@boxlite-ai/boxlite`, in turn. Both make a
/// `SimpleBox` of the same OCI layout and wait for the whole output of one command.
///
/// Run by `bench/kvm-peer`.
final class PeerBench {
  private static final int MEMORY_MIB = 512;
  private static final int CPUS = 1;

  private PeerBench() {}

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; the directory that was prepared; rounds
  public static void main(String[] arguments) throws Exception {
    Path cache = Path.of(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    String layout = cache.resolve("layout").toString();
    try (WorkDirectory work = WorkDirectory.create();
        Peer peer = Peer.start(cache, layout, work.path().resolve("peer"));
        Boxlite boxlite =
            Starts.open(work.path().resolve("home"), Map.of("BOXLITE_WARM_POOL", "0"));
        Boxlite pooled =
            Starts.open(work.path().resolve("pooled"), Map.of("BOXLITE_WARM_POOL", "1"))) {
      System.out.println("engine: " + boxlite.info().engine());
      System.out.println("KVM: " + boxlite.info().virtualization());
      boxlite.templates().build(CPUS, MEMORY_MIB, _ -> {});
      pooled.templates().build(CPUS, MEMORY_MIB, _ -> {});
      start(pooled, options(layout));
      System.out.println("median [lowest tenth – highest tenth]\n");
      List<Samples> samples =
          Rounds.alternate(
              rounds,
              List.of(
                  new Rounds.Subject("restored", "ms", () -> start(boxlite, options(layout))),
                  new Rounds.Subject(
                      "from the warm pool (default)",
                      "ms",
                      () -> {
                        Starts.await("a warm VM", () -> pooled.info().warmVms() >= 1);
                        Quiet.await();
                        return start(pooled, options(layout));
                      }),
                  new Rounds.Subject("@boxlite-ai/boxlite 0.10.0", "ms", peer::start),
                  new Rounds.Subject(
                      "cold", "ms", () -> start(boxlite, options(layout).noTemplate(true)))));
      samples.forEach(line -> System.out.println(line.line()));
      for (int ours : new int[] {0, 1, 3}) {
        System.out.println(samples.get(ours).ratioTo(samples.get(2)));
      }
    }
  }

  private static BoxOptions.Builder options(String layout) {
    return BoxOptions.ofRootfs(layout).memoryMib(MEMORY_MIB).cpus(CPUS).autoRemove(true);
  }

  private static double start(Boxlite boxlite, BoxOptions.Builder options) throws Exception {
    long start = System.nanoTime();
    try (SimpleBox box = SimpleBox.start(boxlite, options.build())) {
      String out = box.exec("echo", "first").stdout();
      double took = (System.nanoTime() - start) / 1e6;
      if (!out.equals("first\n")) {
        throw new IllegalStateException("the box printed " + out);
      }
      return took;
    }
  }

  /// A process of Node.js that starts a box of the peer for each line that it is sent.
  private record Peer(Process process, Writer in, BufferedReader out) implements AutoCloseable {
    static Peer start(Path cache, String layout, Path home) throws IOException {
      ProcessBuilder builder =
          new ProcessBuilder(
                  "node",
                  cache.resolve("peer.mjs").toString(),
                  layout,
                  Integer.toString(MEMORY_MIB),
                  Integer.toString(CPUS))
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      builder.environment().put("BOXLITE_HOME", home.toString());
      Process process = builder.start();
      return new Peer(process, process.outputWriter(), process.inputReader());
    }

    double start() throws IOException {
      in.write("start\n");
      in.flush();
      String line = out.readLine();
      if (line == null) {
        throw new IOException("the peer ended; its message is above");
      }
      return Double.parseDouble(line);
    }

    @Override
    public void close() {
      try {
        in.close();
        Starts.await("the peer ended", () -> !process.isAlive());
      } catch (IOException _) {
        // It has ended already.
      } finally {
        process.destroyForcibly();
      }
    }
  }
}
