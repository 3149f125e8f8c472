package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `snapshot create|ls|inspect|restore|rm`: what the disk of a box was.
final class SnapshotCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Keep, show, restore and remove states of a box's disk");
    Listings.addFlags(spec);
    spec.addPositional(
        Specs.arguments(
            "create|ls|inspect|restore|rm BOX [NAME...]", "What to do, with which box and which"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.someArguments(parsed, "create, ls, inspect, restore or rm");
    if (arguments.size() < 2) {
      throw CliException.usage("missing argument: BOX");
    }
    List<String> names = arguments.subList(2, arguments.size());
    Snapshots snapshots = context.box(arguments.get(1)).snapshots();
    switch (arguments.getFirst()) {
      case "create" -> context.out().println(snapshots.create(one(names)).name());
      case "ls", "list" -> {
        if (!names.isEmpty()) {
          throw CliException.usage("unexpected argument '" + names.getFirst() + "'");
        }
        list(snapshots.list(), parsed, context);
      }
      case "inspect", "get" -> inspect(snapshots, some(names), parsed, context);
      case "restore" -> {
        snapshots.restore(one(names));
        context.out().println(names.getFirst());
      }
      case "rm", "delete" -> remove(snapshots, some(names), context);
      default ->
          throw CliException.usage(
              "unknown action '"
                  + arguments.getFirst()
                  + "' of snapshot; use create, ls, inspect, restore or rm");
    }
    return 0;
  }

  private static List<String> some(List<String> names) {
    if (names.isEmpty()) {
      throw CliException.usage("missing argument: NAME");
    }
    return names;
  }

  private static String one(List<String> names) {
    if (some(names).size() > 1) {
      throw CliException.usage("unexpected argument '" + names.get(1) + "'");
    }
    return names.getFirst();
  }

  private static void inspect(
      Snapshots snapshots, List<String> names, ParseResult parsed, CliContext context) {
    List<SnapshotInfo> found =
        names.stream()
            .map(name ->
                snapshots
                    .get(name)
                    .orElseThrow(() -> CliException.failure("No such snapshot: " + name)))
            .toList();
    // Like that of boxes, without a format it is JSON.
    print(
        found,
        parsed.hasMatchedOption("--format") ? Listings.format(parsed) : Format.JSON,
        context);
  }

  private static void list(List<SnapshotInfo> found, ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    if (Specs.has(parsed, "--quiet")) {
      found.forEach(snapshot -> context.out().println(snapshot.name()));
      return;
    }
    print(found, format, context);
  }

  private static void print(List<SnapshotInfo> snapshots, Format format, CliContext context) {
    List<Map<String, Object>> trees = snapshots.stream().map(SnapshotCommand::tree).toList();
    context
        .out()
        .print(
            switch (format) {
              case TABLE -> table(snapshots);
              case JSON -> Format.json(trees);
              case YAML -> Format.yaml(trees);
            });
  }

  private static String table(List<SnapshotInfo> snapshots) {
    Table table = new Table("NAME", "CREATED", "SIZE", "DISK");
    for (SnapshotInfo snapshot : snapshots) {
      table.row(
          snapshot.name(),
          Times.utc(snapshot.createdAt()),
          VolumeCommand.size(OptionalLong.of(snapshot.sizeBytes())),
          VolumeCommand.size(OptionalLong.of(snapshot.diskBytes())));
    }
    return table.render();
  }

  private static Map<String, Object> tree(SnapshotInfo snapshot) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Id", snapshot.id());
    tree.put("BoxId", snapshot.boxId());
    tree.put("Name", snapshot.name());
    tree.put("CreatedAt", Times.utc(snapshot.createdAt()));
    tree.put("Size", snapshot.sizeBytes());
    tree.put("DiskSize", snapshot.diskBytes());
    return tree;
  }

  private static void remove(Snapshots snapshots, List<String> names, CliContext context) {
    boolean failed = false;
    for (String name : names) {
      try {
        snapshots.remove(name);
        context.out().println(name);
      } catch (BoxliteException e) {
        failed = true;
        context.err().println("Error removing snapshot '" + name + "': " + e.getMessage());
      }
    }
    if (failed) {
      throw CliException.failure("Some snapshots could not be removed");
    }
  }
}
