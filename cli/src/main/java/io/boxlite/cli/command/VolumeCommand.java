package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.Volumes;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `volume create|list|inspect|rm|prune`: volumes that outlive boxes.
final class VolumeCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make, show and remove volumes");
    Listings.addFlags(spec);
    spec.addOption(Specs.flag("rm: no error for what is not there", "-f", "--force"));
    spec.addOption(Specs.flag("prune: also those that no box was made with", "-a", "--all"));
    spec.addPositional(
        Specs.arguments("create|list|inspect|rm|prune [NAME|ID...]", "What to do, and with which"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.someArguments(parsed, "create, list, inspect, rm or prune");
    List<String> names = arguments.subList(1, arguments.size());
    switch (arguments.getFirst()) {
      case "create" -> create(names, context);
      case "list", "ls" -> {
        none(names);
        list(context.boxlite().volumes().list(), parsed, context);
      }
      case "inspect", "get" -> inspect(some(names), parsed, context);
      case "rm", "delete" -> remove(some(names), Specs.has(parsed, "--force"), context);
      case "prune" -> {
        none(names);
        context
            .boxlite()
            .volumes()
            .prune(Specs.has(parsed, "--all"))
            .forEach(volume -> context.out().println(volume.id()));
      }
      default ->
          throw CliException.usage(
              "unknown action '"
                  + arguments.getFirst()
                  + "' of volume; use create, list, inspect, rm or prune");
    }
    return 0;
  }

  private static void create(List<String> names, CliContext context) {
    if (names.size() > 1) {
      throw CliException.usage("unexpected argument '" + names.get(1) + "'");
    }
    Optional<String> name = names.stream().findFirst();
    context.out().println(context.boxlite().volumes().create(name).id());
  }

  private static void none(List<String> names) {
    if (!names.isEmpty()) {
      throw CliException.usage("unexpected argument '" + names.getFirst() + "'");
    }
  }

  private static List<String> some(List<String> names) {
    if (names.isEmpty()) {
      throw CliException.usage("missing argument: NAME or ID");
    }
    return names;
  }

  private static void inspect(List<String> names, ParseResult parsed, CliContext context) {
    Volumes volumes = context.boxlite().volumes();
    List<VolumeInfo> found =
        names.stream()
            .map(name ->
                volumes
                    .get(name)
                    .orElseThrow(() -> CliException.failure("No such volume: " + name)))
            .toList();
    // Like that of boxes, without a format it is JSON.
    Format format = parsed.hasMatchedOption("--format") ? Listings.format(parsed) : Format.JSON;
    print(found, format, context);
  }

  private static void list(List<VolumeInfo> volumes, ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    if (Specs.has(parsed, "--quiet")) {
      volumes.forEach(volume -> context.out().println(volume.id()));
      return;
    }
    print(volumes, format, context);
  }

  private static void print(List<VolumeInfo> volumes, Format format, CliContext context) {
    List<Map<String, Object>> trees = volumes.stream().map(VolumeCommand::tree).toList();
    context
        .out()
        .print(
            switch (format) {
              case TABLE -> table(volumes);
              case JSON -> Format.json(trees);
              case YAML -> Format.yaml(trees);
            });
  }

  private static String table(List<VolumeInfo> volumes) {
    Table table = new Table("ID", "NAME", "CREATED", "SIZE");
    for (VolumeInfo volume : volumes) {
      table.row(
          volume.id(),
          volume.name().orElse("-"),
          Times.utc(volume.createdAt()),
          size(volume.sizeBytes()));
    }
    return table.render();
  }

  /// `512B`, `1.0KiB`, unknown `-`.
  static String size(OptionalLong bytes) {
    if (bytes.isEmpty()) {
      return "-";
    }
    double size = bytes.getAsLong();
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes.getAsLong() + "B"
        : String.format(Locale.ROOT, "%.1f%s", size, units[unit]);
  }

  private static Map<String, Object> tree(VolumeInfo volume) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Id", volume.id());
    volume.name().ifPresent(name -> tree.put("Name", name));
    tree.put("CreatedAt", Times.utc(volume.createdAt()));
    if (volume.sizeBytes().isPresent()) {
      tree.put("Size", volume.sizeBytes().getAsLong());
    }
    tree.put("Mountpoint", volume.directory().toString());
    tree.put("Anonymous", volume.anonymous());
    return tree;
  }

  private static void remove(List<String> names, boolean force, CliContext context) {
    boolean failed = false;
    for (String name : names) {
      try {
        context.boxlite().volumes().remove(name, force);
        context.out().println(name);
      } catch (BoxliteException e) {
        failed = true;
        context.err().println("Error removing volume '" + name + "': " + e.getMessage());
      }
    }
    if (failed) {
      throw CliException.failure("Some volumes could not be removed");
    }
  }
}
