package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.VolumeMount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Runs the same `fio` jobs in a box's disk, in a volume of that box, in a bare QEMU VM and on the
/// host: in turn, round after round. The file is made in a first round that does not count.
///
/// Run by `bench/storage`.
final class StorageBench {
  private static final int DISK_GIB = 10;
  private static final String FILE_SIZE = "256m";
  private static final int DEPTH = 16;
  private static final int READ_BANDWIDTH = 6; // KiB/s, fields of fio's terse output, version 3
  private static final int WRITE_BANDWIDTH = 47;
  private static final double KIB_PER_MB = 1e6 / 1024;

  /// One pattern of accesses.
  ///
  /// @param pattern of fio
  /// @param block size of each access
  /// @param fsync accesses after which all is made durable, through the page cache; 0: past the
  ///   page cache (O_DIRECT), never
  private record Job(String pattern, String block, int fsync) {
    String name() {
      return pattern + " " + block + (fsync == 0 ? " direct" : " fsync each " + fsync);
    }

    boolean isRead() {
      return pattern.endsWith("read");
    }

    String arguments(String file) {
      String how =
          fsync == 0
              ? "--direct=1 --ioengine=libaio --iodepth=" + DEPTH
              : "--direct=0 --ioengine=psync --fsync=" + fsync;
      return " --name=j --stonewall --rw=%s --bs=%s %s --filename=%s --size=%s"
              .formatted(pattern, block, how, file, FILE_SIZE)
          + " --fallocate=none --thread --time_based --runtime=1";
    }
  }

  private static final List<Job> JOBS =
      List.of(
          new Job("write", "1m", 0), // first: it makes the file
          new Job("write", "4k", 0),
          new Job("randwrite", "1m", 0),
          new Job("randwrite", "4k", 0),
          new Job("read", "1m", 0),
          new Job("read", "4k", 0),
          new Job("randread", "1m", 0),
          new Job("randread", "4k", 0),
          new Job("write", "1m", 16),
          new Job("randwrite", "4k", 1));

  /// Runs a line of shell and returns what it prints.
  private interface Shell {
    String run(String line) throws Exception;
  }

  /// Where a file is measured.
  private record Place(String name, Shell shell, String file, List<double[]> rounds) {
    Place(String name, Shell shell, String file) {
      this(name, shell, file, new ArrayList<>());
    }

    double[] of(int job) {
      return rounds.stream().mapToDouble(round -> round[job]).toArray();
    }
  }

  private StorageBench() {}

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; the directory that `bench/tools-image`
  ///   made; rounds
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    Path made = Path.of(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    try (WorkDirectory work = WorkDirectory.create()) {
      Path volume = Files.createDirectory(work.path().resolve("volume"));
      Path host = Files.createDirectory(work.path().resolve("host"));
      Path disk = work.path().resolve("bare.qcow2");
      try (CommandHome home = new CommandHome(root, work.path().resolve("home"), Map.of());
          BareVm bare =
              new BareVm(root, made.resolve("initramfs.gz"), disk, DISK_GIB, hasKvm(home))) {
        System.out.println("engine: " + home.client().info().engine());
        BoxOptions options =
            BoxOptions.ofRootfs(made.resolve("layout").toString())
                .cmd(List.of("sleep", "100000"))
                .diskSizeGb(DISK_GIB)
                .volumes(List.of(VolumeMount.ofHostPath(volume.toString(), "/vol", false)))
                .build();
        Box box = home.client().create(options);
        box.start();
        List<Place> places =
            List.of(
                new Place("box's disk", line -> exec(box, line), "/work/file"),
                new Place("volume", line -> exec(box, line), "/vol/file"),
                new Place("bare VM", bare::run, "/work/file"),
                new Place("host", StorageBench::onHost, host.resolve("file").toString()));
        measure(places, rounds);
        print(places);
        box.remove(true);
      }
    }
  }

  private static boolean hasKvm(CommandHome home) {
    return home.client().info().virtualization().equals("available");
  }

  private static void measure(List<Place> places, int rounds) throws Exception {
    for (int round = -1; round < rounds; round++) {
      for (Place place : places) {
        Quiet.await();
        double[] values = sample(place);
        if (round >= 0) {
          place.rounds.add(values);
        }
      }
    }
  }

  /// {@return the bandwidth of each job, in MB/s}
  private static double[] sample(Place place) throws Exception {
    StringBuilder line = new StringBuilder("fio --minimal --terse-version=3");
    JOBS.forEach(job -> line.append(job.arguments(place.file)));
    List<String> results =
        place.shell.run(line.toString()).lines().filter(text -> text.startsWith("3;")).toList();
    if (results.size() != JOBS.size()) {
      throw new IOException(place.name + ": fio printed " + results);
    }
    double[] values = new double[JOBS.size()];
    for (int i = 0; i < values.length; i++) {
      String[] fields = results.get(i).split(";", -1);
      int field = JOBS.get(i).isRead() ? READ_BANDWIDTH : WRITE_BANDWIDTH;
      values[i] = Double.parseDouble(fields[field]) / KIB_PER_MB;
    }
    return values;
  }

  private static String exec(Box box, String line) throws Exception {
    Execution execution = box.exec(ExecOptions.of("sh", "-c", line + " 2>&1"));
    String out = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
    return ended(line, out, execution.waitFor().code());
  }

  private static String onHost(String line) throws Exception {
    Process process = new ProcessBuilder("sh", "-c", line).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return ended(line, out, process.waitFor());
  }

  private static String ended(String line, String out, int code) throws IOException {
    if (code != 0) {
      throw new IOException(line + " ended with " + code + ": " + out);
    }
    return out;
  }

  /// Prints each job's bandwidths, and the ratios of those of the same round.
  private static void print(List<Place> places) {
    Place bare = places.get(2);
    System.out.println(
        "median [lowest tenth – highest tenth], MB/s; to the bare VM, round by round\n");
    for (int job = 0; job < JOBS.size(); job++) {
      System.out.println(JOBS.get(job).name());
      for (Place place : places) {
        double[] values = place.of(job);
        double[] floor = bare.of(job);
        double[] ratios = new double[values.length];
        for (int i = 0; i < ratios.length; i++) {
          ratios[i] = values[i] / floor[i];
        }
        Samples ratio = new Samples("", "", ratios);
        System.out.printf(
            Locale.ROOT,
            "%s   %.2f [%.2f – %.2f]%n",
            new Samples("  " + place.name, "MB/s", values).line(),
            ratio.median(),
            ratio.quantile(0.1),
            ratio.quantile(0.9));
      }
    }
  }
}
