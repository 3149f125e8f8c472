package io.boxlite.cli.command;

import io.boxlite.api.DiskUsage;
import io.boxlite.cli.output.ByteSize;
import io.boxlite.cli.output.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `system df`: shows what the home takes on disk.
final class SystemDfCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what the home takes on disk");
    spec.addOption(Specs.text("FORMAT", "table (default), json, yaml, or a template", "--format"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<Map<String, Object>> trees = new ArrayList<>();
    Trees.Printer printer =
        Trees.printer(parsed.matchedOptionValue("--format", "table"), () -> table(trees));
    context.boxlite().diskUsage().rows().forEach(row -> trees.add(tree(row)));
    context.out().print(printer.print(trees));
    return 0;
  }

  private static Map<String, Object> tree(DiskUsage.Row row) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Type", row.kind());
    tree.put("TotalCount", row.total());
    tree.put("Active", row.active());
    tree.put("Size", ByteSize.of(row.sizeBytes()));
    tree.put("Reclaimable", ByteSize.of(row.reclaimableBytes()) + share(row));
    return tree;
  }

  private static String share(DiskUsage.Row row) {
    return row.sizeBytes() == 0
        ? ""
        : " (" + Math.round(100.0 * row.reclaimableBytes() / row.sizeBytes()) + "%)";
  }

  private static String table(List<Map<String, Object>> trees) {
    Table table = new Table("TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE");
    for (Map<String, Object> tree : trees) {
      table.row(tree.values().stream().map(Object::toString).toArray(String[]::new));
    }
    return table.render();
  }
}
