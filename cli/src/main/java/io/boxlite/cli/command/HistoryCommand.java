package io.boxlite.cli.command;

import io.boxlite.api.ImageDetails;
import io.boxlite.cli.output.ByteSize;
import io.boxlite.cli.output.OneLine;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `history`: shows what made an image, newest first.
final class HistoryCommand implements Command {
  private static final String MISSING = "<missing>";
  private static final int SHORT_COMMAND = 45;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what made an image");
    spec.addOption(Specs.flag("Show ids and commands in full", "--no-trunc"));
    spec.addOption(Specs.flag("Only ids", "-q", "--quiet"));
    spec.addOption(Specs.text("FORMAT", "table (default), json, yaml, or a template", "--format"));
    spec.addPositional(Specs.arguments("IMAGE", "Name, digest, or first digits of it"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String image = Specs.onlyArgument(parsed, "IMAGE");
    List<Map<String, Object>> trees = new ArrayList<>();
    Trees.Printer printer =
        Trees.printer(parsed.matchedOptionValue("--format", "table"), () -> table(trees));
    trees.addAll(trees(context.boxlite().images().inspect(image), Specs.has(parsed, "--no-trunc")));
    if (Specs.has(parsed, "--quiet")) {
      trees.forEach(tree -> context.out().println(tree.get("ID")));
    } else {
      context.out().print(printer.print(trees));
    }
    return 0;
  }

  /// Steps say in turn whether they made a layer; newest first.
  private static List<Map<String, Object>> trees(ImageDetails details, boolean full) {
    List<Map<String, Object>> trees = new ArrayList<>();
    int layer = 0;
    for (ImageDetails.History step : details.history()) {
      boolean has = !step.emptyLayer() && layer < details.layers().size();
      long size = has ? details.layers().get(layer++).sizeBytes() : 0;
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("ID", MISSING);
      tree.put("CreatedAt", step.created().map(Times::utc).orElse(""));
      tree.put("CreatedBy", full ? step.createdBy() : shortened(step.createdBy()));
      tree.put("Size", ByteSize.of(size));
      tree.put("Comment", step.comment());
      trees.addFirst(tree);
    }
    if (!trees.isEmpty()) {
      String id = details.image().id();
      trees.getFirst().put("ID", full ? id : ImagesCommand.shortId(id));
    }
    return trees;
  }

  private static String shortened(String command) {
    return command.codePointCount(0, command.length()) <= SHORT_COMMAND
        ? command
        : command.substring(0, command.offsetByCodePoints(0, SHORT_COMMAND - 1)) + "…";
  }

  private static String table(List<Map<String, Object>> trees) {
    Table table = new Table("IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT");
    for (Map<String, Object> tree : trees) {
      table.row(
          tree.values().stream().map(cell -> OneLine.of(cell.toString())).toArray(String[]::new));
    }
    return table.render();
  }
}
