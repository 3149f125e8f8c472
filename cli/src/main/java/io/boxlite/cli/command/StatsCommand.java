package io.boxlite.cli.command;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.api.NotFoundException;
import io.boxlite.cli.output.ByteSize;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Tenths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `stats`: shows what boxes use. One box is shown with a row for each figure, several with a row
/// for each box.
final class StatsCommand implements Command {
  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final String UNKNOWN = "N/A";

  /// Clears a terminal: everything, what was scrolled out too, and up to the first line.
  private static final String CLEAR = "\033[2J\033[3J\033[H";

  private static final Set<BoxStatus> RUNNING = EnumSet.of(BoxStatus.RUNNING, BoxStatus.PAUSED);

  private static final BoxMetrics NOTHING =
      new BoxMetrics(
          0,
          0,
          Optional.empty(),
          OptionalDouble.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          Optional.empty(),
          Optional.empty());

  /// One of several boxes.
  private record Row(String id, String name, Map<String, String> figures) {}

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what boxes use of CPU, memory and disk");
    spec.addOption(Specs.text("FORMAT", "table (default), json or yaml", "--format"));
    spec.addOption(Specs.flag("Again every second", "-s", "--stream"));
    spec.addOption(Specs.flag("Once, which is the default", "--no-stream"));
    spec.addPositional(
        Specs.arguments("[BOX...]", "Ids, unique prefixes of ids, or names; none: all that run"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws InterruptedException {
    List<String> targets = Specs.arguments(parsed);
    Format format = Listings.format(parsed);
    boolean stream = Specs.has(parsed, "--stream");
    if (stream && Specs.has(parsed, "--no-stream")) {
      throw CliException.usage("--stream and --no-stream cannot be used together");
    }
    boolean clear = stream && format == Format.TABLE && context.terminal().showsOutput();
    while (true) {
      String text = text(targets, format, context);
      context.out().print(clear ? CLEAR + text : text);
      // Whoever read it may have gone, as with `boxlite stats -s | head`.
      if (context.out().checkError() || !stream) {
        return 0;
      }
      Thread.sleep(PERIOD);
    }
  }

  private static String text(List<String> targets, Format format, CliContext context)
      throws InterruptedException {
    if (targets.size() == 1) {
      return one(figures(context.box(targets.getFirst()).metrics()), format);
    }
    if (targets.isEmpty()) {
      List<String> running =
          context.boxlite().list().stream()
              .filter(box -> RUNNING.contains(box.status()))
              .map(BoxInfo::id)
              .toList();
      return several(
          rows(running.stream().map(context.boxlite()::get).flatMap(Optional::stream)), format);
    }
    return several(rows(targets.stream().map(context::box)), format);
  }

  /// Measures at the same time: each box takes a quarter of a second.
  private static List<Row> rows(Stream<Box> boxes) throws InterruptedException {
    try (ExecutorService measuring = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Optional<Row>>> rows =
          measuring.invokeAll(boxes.map(box -> (Callable<Optional<Row>>) () -> row(box)).toList());
      List<Row> measured = new ArrayList<>();
      for (Future<Optional<Row>> row : rows) {
        if (row.state() == Future.State.FAILED
            && row.exceptionNow() instanceof BoxliteException e) {
          throw e;
        }
        row.resultNow().ifPresent(measured::add);
      }
      return measured;
    }
  }

  /// {@return the figures of a box, or empty when it was removed meanwhile}
  private static Optional<Row> row(Box box) {
    try {
      BoxInfo info = box.info();
      return Optional.of(new Row(info.id(), info.name().orElse(""), figures(box.metrics())));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  private static String one(Map<String, String> figures, Format format) {
    Table table = new Table("METRIC", "VALUE");
    List<Map<String, String>> tree = new ArrayList<>();
    figures.forEach((name, value) -> {
      table.row(name, value);
      Map<String, String> row = new LinkedHashMap<>();
      row.put("Metric", name);
      row.put("Value", value);
      tree.add(row);
    });
    return render(table, tree, format);
  }

  private static String several(List<Row> boxes, Format format) {
    Table table =
        new Table(
            Stream.concat(
                    Stream.of("ID", "NAME"),
                    figures(NOTHING).keySet().stream().map(name -> name.toUpperCase(Locale.ROOT)))
                .toArray(String[]::new));
    List<Map<String, String>> tree = new ArrayList<>();
    for (Row box : boxes) {
      Map<String, String> row = new LinkedHashMap<>();
      row.put("ID", box.id());
      row.put("Name", box.name());
      row.putAll(box.figures());
      tree.add(row);
      table.row(row.values().toArray(String[]::new));
    }
    return render(table, tree, format);
  }

  private static String render(Table table, List<Map<String, String>> tree, Format format) {
    return switch (format) {
      case TABLE -> table.render();
      case JSON -> Format.json(tree);
      case YAML -> Format.yaml(tree);
    };
  }

  /// {@return the figures by name, in order}
  private static Map<String, String> figures(BoxMetrics metrics) {
    Optional<NetworkMetrics> network = metrics.network();
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put(
        "CPU",
        metrics.cpuPercent().isPresent()
            ? Tenths.of(metrics.cpuPercent().getAsDouble()) + "%"
            : UNKNOWN);
    figures.put("Memory", bytes(metrics.memoryBytes()));
    figures.put("Commands", Long.toString(metrics.commandsExecuted()));
    figures.put("Errors", Long.toString(metrics.execErrors()));
    figures.put(
        "Boot Time",
        metrics.boot().map(BootTiming::total).map(StatsCommand::millis).orElse(UNKNOWN));
    figures.put("Net Sent", network.map(n -> ByteSize.binary(n.bytesSent())).orElse(UNKNOWN));
    figures.put("Net Recv", network.map(n -> ByteSize.binary(n.bytesReceived())).orElse(UNKNOWN));
    figures.put(
        "TCP Connections", network.map(n -> Long.toString(n.tcpConnections())).orElse(UNKNOWN));
    figures.put("TCP Errors", network.map(n -> Long.toString(n.tcpErrors())).orElse(UNKNOWN));
    figures.put("CPU Time", metrics.cpuTime().map(StatsCommand::millis).orElse(UNKNOWN));
    figures.put("Disk", bytes(metrics.diskBytes()));
    return figures;
  }

  private static String bytes(OptionalLong value) {
    return value.isPresent() ? ByteSize.binary(value.getAsLong()) : UNKNOWN;
  }

  private static String millis(Duration duration) {
    return duration.toMillis() + " ms";
  }
}
