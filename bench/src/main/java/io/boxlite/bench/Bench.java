package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.StartOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// Measures what users wait for, each beside a floor in the same run: sample and floor alternate,
/// so that whatever else the machine does meets both.
///
/// Run by `bench/run`. Every figure comes through the same public interfaces as a user's.
final class Bench {
  private static final int STARTS = 7;
  private static final int EXECS = 100;
  private static final int LISTS = 20;
  private static final int STREAMS = 5;
  private static final long STREAM_BYTES = 128L << 20;
  private static final String READY = "floor-is-up";

  private final Path root;
  private final Path work;

  private Bench(Path root, Path work) {
    this.root = root;
    this.work = work;
  }

  /// Measures everything and prints it.
  ///
  /// @param arguments the root of the source tree, built
  public static void main(String[] arguments) throws Exception {
    try (WorkDirectory work = WorkDirectory.create()) {
      new Bench(Path.of(arguments[0]).toAbsolutePath().normalize(), work.path()).run();
    }
  }

  private void run() throws Exception {
    try (Boxlite boxlite = Boxlite.open(work.resolve("home"))) {
      System.out.println("engine: " + boxlite.info().engine());
      System.out.println("KVM: " + boxlite.info().virtualization());
      System.out.println("median [lowest tenth – highest tenth]\n");
      starts(boxlite);
      Box box = boxlite.create(BoxOptions.ofImage("base").cmd(List.of("sleep", "100000")).build());
      box.start();
      execs(box);
      streams(box);
      box.remove(true);
      lists(boxlite);
    }
  }

  /// Measures two things alternately and prints them.
  private static void alternate(
      int count,
      String unit,
      String name,
      Rounds.Sampler thing,
      String floorName,
      Rounds.Sampler floor)
      throws Exception {
    List<Samples> samples =
        Rounds.alternate(
            count,
            List.of(
                new Rounds.Subject(name, unit, thing),
                new Rounds.Subject("  floor: " + floorName, unit, floor)));
    samples.forEach(line -> System.out.println(line.line()));
    System.out.println(samples.getFirst().ratioTo(samples.getLast()) + "\n");
  }

  private void starts(Boxlite boxlite) throws Exception {
    Path initramfs = work.resolve("floor.cpio");
    Initramfs.write(initramfs, busybox(), READY);
    alternate(
        STARTS,
        "ms",
        "cold start: create to first byte of output",
        () ->
            Starts.firstByte(
                boxlite, BoxOptions.ofImage("base").noTemplate(true), StartOrigin.COLD),
        "bare QEMU boot to busybox",
        () -> Rounds.millis(() -> bareBoot(initramfs)));
  }

  private static Path busybox() {
    for (String directory : List.of("/bin", "/usr/bin")) {
      Path busybox = Path.of(directory, "busybox");
      if (Files.isExecutable(busybox)) {
        return busybox;
      }
    }
    throw new IllegalStateException("no busybox: apt-get install busybox-static");
  }

  private Void bareBoot(Path initramfs) throws IOException, InterruptedException {
    Process qemu =
        new ProcessBuilder(
                "qemu-system-x86_64",
                "-M",
                "q35",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max",
                "-m",
                "512",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "stdio",
                "-kernel",
                root.resolve("dist/guest/vmlinuz").toString(),
                "-initrd",
                initramfs.toString(),
                "-append",
                "console=ttyS0 quiet reboot=t panic=-1")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      StringBuilder console = new StringBuilder();
      InputStream out = qemu.getInputStream();
      for (int b = out.read(); b >= 0 && console.indexOf(READY) < 0; b = out.read()) {
        console.append((char) b);
      }
      if (console.indexOf(READY) < 0) {
        throw new IOException("the bare VM did not come up: " + console);
      }
      return null;
    } finally {
      qemu.destroyForcibly().waitFor();
    }
  }

  private static void execs(Box box) throws Exception {
    alternate(
        EXECS,
        "ms",
        "exec true in a running box",
        () -> Rounds.millis(() -> box.exec(ExecOptions.of("true")).waitFor()),
        "true as a process of the host",
        () -> Rounds.millis(() -> new ProcessBuilder("true").start().waitFor()));
  }

  private static void streams(Box box) throws Exception {
    String count = Long.toString(STREAM_BYTES);
    alternate(
        STREAMS,
        "MB/s",
        "out of a box: head -c of /dev/zero",
        () -> rate(() -> readAll(box.exec(ExecOptions.of("head", "-c", count, "/dev/zero")))),
        "the same over a pipe of the host",
        () -> rate(() -> readAll(new ProcessBuilder("head", "-c", count, "/dev/zero").start())));
    alternate(
        STREAMS,
        "MB/s",
        "into a box: wc -c",
        () -> rate(() -> writeAll(box.exec(ExecOptions.of("wc", "-c")))),
        "the same over a pipe of the host",
        () -> rate(() -> writeAll(new ProcessBuilder("wc", "-c").start())));
  }

  private static double rate(Callable<?> transfer) throws Exception {
    return STREAM_BYTES / 1e6 / (Rounds.millis(transfer) / 1e3);
  }

  private static Void readAll(Execution execution) throws Exception {
    checkCount(execution.stdout().transferTo(OutputStream.nullOutputStream()));
    execution.waitFor();
    return null;
  }

  private static Void readAll(Process process) throws Exception {
    checkCount(process.getInputStream().transferTo(OutputStream.nullOutputStream()));
    process.waitFor();
    return null;
  }

  private static Void writeAll(Execution execution) throws Exception {
    fill(execution.stdin());
    checkCount(count(execution.stdout()));
    execution.waitFor();
    return null;
  }

  private static Void writeAll(Process process) throws Exception {
    fill(process.getOutputStream());
    checkCount(count(process.getInputStream()));
    process.waitFor();
    return null;
  }

  private static void fill(OutputStream out) throws IOException {
    byte[] block = new byte[1 << 16];
    for (long done = 0; done < STREAM_BYTES; done += block.length) {
      out.write(block);
    }
    out.close();
  }

  private static long count(InputStream in) throws IOException {
    return Long.parseLong(
        new String(in.readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII).strip());
  }

  private static void checkCount(long count) {
    if (count != STREAM_BYTES) {
      throw new IllegalStateException(count + " bytes instead of " + STREAM_BYTES);
    }
  }

  private void lists(Boxlite boxlite) throws Exception {
    for (int i = 0; i < 100; i++) {
      boxlite.create(BoxOptions.ofImage("base").build());
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> list = List.of(root.resolve("boxlite").toString(), "list", "--all");
    List<String> oneLine =
        List.of(
            java,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            OneLine.class.getName());
    alternate(
        LISTS,
        "ms",
        "command: list of 100 boxes",
        () -> command(list, 100),
        "a JVM that prints one line",
        () -> command(oneLine, 1));
  }

  private double command(List<String> command, int leastLines) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
    builder.environment().put("BOXLITE_HOME", work.resolve("home").toString());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    long start = System.nanoTime();
    Process process = builder.start();
    long lines;
    try (var reader = process.inputReader()) {
      lines = reader.lines().count();
    }
    if (process.waitFor() != 0 || lines < leastLines) {
      throw new IllegalStateException(command + " printed " + lines + " lines");
    }
    return (System.nanoTime() - start) / 1e6;
  }
}
