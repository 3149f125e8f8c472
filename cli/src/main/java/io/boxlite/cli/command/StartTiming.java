package io.boxlite.cli.command;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxInfo;
import io.boxlite.cli.output.Table;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// What `run --timing` prints: the stages of the runtime, and what this command adds to them.
final class StartTiming {
  private final Instant processStart =
      ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
  private Instant asked = processStart;
  private Instant started = processStart;
  private Optional<BootTiming> stages = Optional.empty();

  /// The runtime is asked now.
  void asked() {
    asked = Instant.now();
  }

  /// The main command runs.
  ///
  /// @param box what its box is now
  void started(BoxInfo box) {
    started = Instant.now();
    stages = box.boot();
  }

  void print(PrintStream to) {
    Table table = new Table("STAGE", "MS");
    row(table, "command until the request", Duration.between(processStart, asked));
    row(table, "request until started", Duration.between(asked, started));
    stages.ifPresent(boot -> {
      table.row("of which, start " + boot.origin().wireName(), millis(boot.total()));
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
    table.row(stage, millis(took));
  }

  private static String millis(Duration took) {
    return Long.toString(took.toMillis());
  }
}
