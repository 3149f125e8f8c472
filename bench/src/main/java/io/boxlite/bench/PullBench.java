package io.boxlite.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Compares a pull until a box could use the image with `skopeo copy` plus `umoci unpack`, and with
/// the npm package `@boxlite-ai/boxlite`. That one's pull downloads and verifies only; the disk
/// that it starts a box from is made when the first is started, so both are given. In turn, each
/// into an empty directory, when all that was written before is on disk; nothing is dropped from
/// the page cache.
///
/// Run by `bench/pull`.
final class PullBench {
  private static final int LAYERS = 8;
  private static final double MIB = 1 << 20;

  private final Path root;
  private final Path work;
  private final String registry;
  private final Path peer;
  private final Path config;
  private int samples;

  private final List<Double> supervisorPeaks = new ArrayList<>();
  private final List<Double> commandPeaks = new ArrayList<>();
  private final List<Double> peerPeaks = new ArrayList<>();
  private final List<Double> skopeoPeaks = new ArrayList<>();
  private final List<Double> umociPeaks = new ArrayList<>();
  private final List<Double> copies = new ArrayList<>();
  private final List<Double> unpacks = new ArrayList<>();
  private final List<Double> downloads = new ArrayList<>();
  private final List<Double> disks = new ArrayList<>();

  private PullBench(Path root, Path work, String registry, Path peer) throws IOException {
    this.root = root;
    this.work = work;
    this.registry = registry;
    this.peer = peer;
    this.config = work.resolve("config.json");
    Files.writeString(
        config,
        "{\"image_registries\": [{\"host\": \"" + registry + "\", \"transport\": \"http\"}]}");
  }

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; host and port of the registry; where the
  ///   npm package is; rounds
  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[3]);
    try (WorkDirectory work = WorkDirectory.create()) {
      PullBench bench =
          new PullBench(
              Path.of(arguments[0]).toAbsolutePath().normalize(),
              work.path(),
              arguments[1],
              Path.of(arguments[2]));
      System.out.println("median [lowest tenth – highest tenth]\n");
      bench.pulls(rounds);
      bench.secondImage();
    }
  }

  private void pulls(int rounds) throws Exception {
    List<Samples> all =
        Rounds.alternate(
            rounds,
            List.of(
                new Rounds.Subject("boxlite pull", "ms", this::ours),
                new Rounds.Subject("skopeo copy + umoci unpack", "ms", this::copyAndUnpack),
                new Rounds.Subject(
                    "@boxlite-ai/boxlite 0.10.0 pull + disk", "ms", this::peerPull)));
    Samples ours = all.get(0);
    Samples unpacked = all.get(1);
    Samples peers = all.get(2);
    System.out.println(ours.line());
    System.out.println(unpacked.line());
    System.out.println(counted("  skopeo copy", "ms", copies).line());
    System.out.println(counted("  umoci unpack", "ms", unpacks).line());
    System.out.println(peers.line());
    Samples download = counted("  images.pull: download only", "ms", downloads);
    System.out.println(download.line());
    System.out.println(counted("  its disk of the image", "ms", disks).line());
    System.out.println(ours.ratioTo(unpacked));
    System.out.println(ours.ratioTo(peers));
    System.out.println(ours.ratioTo(download) + "\n\npeak memory (VmHWM)");
    System.out.println(counted("supervisor and its children", "MiB", supervisorPeaks).line());
    System.out.println(counted("the command itself", "MiB", commandPeaks).line());
    System.out.println(counted("skopeo", "MiB", skopeoPeaks).line());
    System.out.println(counted("umoci", "MiB", umociPeaks).line());
    System.out.println(counted("@boxlite-ai/boxlite in Node.js", "MiB", peerPeaks).line());
  }

  /// {@return all but the first, which is of the round that does not count}
  private static Samples counted(String name, String unit, List<Double> values) {
    return new Samples(
        name, unit, values.stream().skip(1).mapToDouble(Double::doubleValue).toArray());
  }

  private Path newDirectory() throws IOException, InterruptedException {
    Path directory = Files.createDirectory(work.resolve("sample" + samples++));
    sync();
    return directory;
  }

  private static void sync() throws IOException, InterruptedException {
    Measured.run(Map.of(), List.of("sync"));
  }

  private static void delete(Path directory) throws IOException, InterruptedException {
    Measured.run(Map.of(), List.of("rm", "-rf", directory.toString()));
  }

  private String reference(String tag) {
    return registry + "/bench:" + tag;
  }

  private Measured pull(Path home, String tag) throws IOException, InterruptedException {
    return Measured.run(
        Map.of("BOXLITE_HOME", home.toString()),
        List.of(
            root.resolve("boxlite").toString(),
            "--config",
            config.toString(),
            "pull",
            "-q",
            reference(tag)));
  }

  private double ours() throws IOException, InterruptedException {
    Path directory = newDirectory();
    Path home = directory.resolve("home");
    try (CommandHome command = new CommandHome(root, home, Map.of())) {
      sync();
      Measured pull = pull(home, "pull");
      supervisorPeaks.add(
          Measured.peakMib(command.supervisor())
              + command.helpers().stream().mapToDouble(Measured::peakMib).sum());
      commandPeaks.add(pull.peakMib());
      checkLayers(home);
      return pull.millis();
    } finally {
      delete(directory);
    }
  }

  private static void checkLayers(Path home) throws IOException {
    try (Stream<Path> layers = Files.list(home.resolve("images/layers"))) {
      long converted = layers.filter(file -> file.toString().endsWith(".erofs")).count();
      if (converted != LAYERS) {
        throw new IllegalStateException(converted + " layers are ready, not " + LAYERS);
      }
    }
  }

  private double copyAndUnpack() throws IOException, InterruptedException {
    Path directory = newDirectory();
    try {
      Measured copy =
          Measured.run(
              Map.of(),
              List.of(
                  "skopeo",
                  "copy",
                  "-q",
                  "--src-tls-verify=false",
                  "docker://" + reference("pull"),
                  "oci:" + directory + "/layout:pull"));
      Measured unpack =
          Measured.run(
              Map.of(),
              List.of(
                  "umoci", "unpack", "--image", directory + "/layout:pull", directory + "/bundle"));
      copies.add(copy.millis());
      unpacks.add(unpack.millis());
      skopeoPeaks.add(copy.peakMib());
      umociPeaks.add(unpack.peakMib());
      return copy.millis() + unpack.millis();
    } finally {
      delete(directory);
    }
  }

  /// Its process and runtime are there before, as our supervisor is.
  private double peerPull() throws IOException, InterruptedException {
    Path directory = newDirectory();
    Process node =
        new ProcessBuilder(
                "node",
                peer.resolve("peer-pull.mjs").toString(),
                directory.resolve("home").toString(),
                registry,
                reference("pull"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (Writer in = node.outputWriter();
        BufferedReader out = node.inputReader()) {
      answer(out);
      sync();
      double download = ask(in, out);
      double disk = ask(in, out);
      downloads.add(download);
      disks.add(disk);
      peerPeaks.add(Measured.peakMib(node.toHandle()));
      return download + disk;
    } finally {
      List<ProcessHandle> children = node.descendants().toList();
      node.destroyForcibly().waitFor();
      children.forEach(ProcessHandle::destroyForcibly);
      delete(directory);
    }
  }

  private static double ask(Writer in, BufferedReader out) throws IOException {
    in.write("go on\n");
    in.flush();
    return Double.parseDouble(answer(out));
  }

  private static String answer(BufferedReader out) throws IOException {
    String line = out.readLine();
    if (line == null) {
      throw new IOException("the peer ended; its message is above");
    }
    return line;
  }

  /// Prints what an image adds that shares all but one layer.
  private void secondImage() throws IOException, InterruptedException {
    Path home = newDirectory().resolve("home");
    try (CommandHome _ = new CommandHome(root, home, Map.of())) {
      pull(home, "pull");
      long before = bytes(files(home.resolve("images")));
      Set<Path> old = files(home.resolve("images"));
      pull(home, "second");
      Set<Path> all = files(home.resolve("images"));
      System.out.printf(
          Locale.ROOT,
          "%nsecond image with one layer of its own: %.1f MiB more than %.1f MiB in images/%n",
          (bytes(all) - before) / MIB,
          before / MIB);
      all.removeAll(old);
      for (Path file : all) {
        System.out.printf(
            Locale.ROOT, "  new: %10d bytes %s%n", Files.size(file), home.relativize(file));
      }
    }
  }

  private static Set<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static long bytes(Set<Path> files) throws IOException {
    long sum = 0;
    for (Path file : files) {
      sum += Files.size(file);
    }
    return sum;
  }
}
