package io.boxlite.cli.command;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `list`, `ls`, `ps`: shows the boxes.
final class ListCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("List boxes");
    spec.addOption(Specs.flag("Also boxes that do not run", "-a", "--all"));
    Listings.addFlags(spec);
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    boolean all = Specs.has(parsed, "--all");
    List<BoxInfo> boxes =
        context.boxlite().list().stream().filter(box -> all || isAlive(box.status())).toList();
    if (Specs.has(parsed, "--quiet")) {
      boxes.forEach(box -> context.out().println(box.id()));
    } else {
      context.out().print(render(boxes, format));
    }
    return 0;
  }

  private static boolean isAlive(BoxStatus status) {
    return status == BoxStatus.RUNNING || status == BoxStatus.PAUSED;
  }

  private static String render(List<BoxInfo> boxes, Format format) {
    return switch (format) {
      case TABLE -> table(boxes);
      case JSON -> Format.json(tree(boxes));
      case YAML -> Format.yaml(tree(boxes));
    };
  }

  private static String table(List<BoxInfo> boxes) {
    Table table = new Table("ID", "IMAGE", "STATUS", "CREATED", "NAMES");
    for (BoxInfo box : boxes) {
      table.row(
          box.id(), box.image(), status(box), Times.utc(box.createdAt()), box.name().orElse(""));
    }
    return table.render();
  }

  private static List<Map<String, Object>> tree(List<BoxInfo> boxes) {
    return boxes.stream().map(ListCommand::tree).toList();
  }

  private static Map<String, Object> tree(BoxInfo box) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("ID", box.id());
    tree.put("Image", box.image());
    tree.put("Status", status(box));
    tree.put("CreatedAt", Times.utc(box.createdAt()));
    tree.put("Names", box.name().map(List::of).orElse(List.of()));
    return tree;
  }

  private static String status(BoxInfo box) {
    String name = box.status().wireName();
    return Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }
}
