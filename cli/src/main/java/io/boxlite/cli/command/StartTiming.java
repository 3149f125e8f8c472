package io.boxlite.cli.command;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxInfo;
import io.boxlite.cli.output.Table;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What `run --timing` prints: the stages of the runtime, and what this command adds to them.
/// Confined to one thread.
final class StartTiming {
  /// Linux shows times of processes in these, whatever its timer does.
  private static final long NANOS_PER_TICK = 10_000_000;

  /// Of the start time among the fields of `/proc/<pid>/stat` that follow the name: field 22.
  private static final int START_TIME = 19;

  private final long processStart = System.nanoTime() - ageNanos();
  private long asked = processStart;
  private long started = processStart;
  private Optional<BootTiming> stages = Optional.empty();

  /// How long this process has existed, to about 10 ms; the start time that the JDK tells is a
  /// whole second off at worst, because it goes by the second in which the host booted.
  private static long ageNanos() {
    try {
      String uptime = Files.readString(Path.of("/proc/uptime"));
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double sinceBoot = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
      return (long) (sinceBoot * 1e9) - Long.parseLong(fields[START_TIME]) * NANOS_PER_TICK;
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }

  /// The runtime is asked now.
  void asked() {
    asked = System.nanoTime();
  }

  /// The main command runs.
  ///
  /// @param box what its box is now
  void started(BoxInfo box) {
    started = System.nanoTime();
    stages = box.boot();
  }

  void print(PrintStream to) {
    Table table = new Table("STAGE", "MS");
    row(table, "command until the request", Duration.ofNanos(asked - processStart));
    row(table, "request until started", Duration.ofNanos(started - asked));
    stages.ifPresent(boot -> {
      row(table, "of which, start " + boot.origin().wireName(), boot.total());
      row(table, "  image", boot.imagePrepare());
      row(table, "  disks", boot.filesystemSetup());
      row(table, "  configuration", boot.boxConfig());
      row(table, "  VM", boot.boxSpawn());
      row(table, "  guest", boot.guestBoot());
      row(table, "  container", boot.containerInit());
    });
    to.print(table.render());
  }

  private static void row(Table table, String stage, Duration took) {
    table.row(stage, Long.toString(took.toMillis()));
  }
}
