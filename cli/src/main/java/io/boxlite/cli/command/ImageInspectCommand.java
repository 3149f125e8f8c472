package io.boxlite.cli.command;

import io.boxlite.api.NotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `image inspect`: shows everything about images.
final class ImageInspectCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show details of images");
    spec.addOption(
        Specs.text("FORMAT", "json (default), yaml, or a template: {{.Id}}", "-f", "--format"));
    spec.addPositional(Specs.arguments("IMAGE...", "Names, digests, or first digits of these"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> targets = Specs.someArguments(parsed, "IMAGE");
    Trees.Printer printer =
        Trees.printer(parsed.matchedOptionValue("--format", "json"), "image inspect");
    List<Map<String, Object>> found = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (String target : targets) {
      try {
        found.add(ImageTree.of(context.boxlite().images().inspect(target)));
      } catch (NotFoundException e) {
        missing.add(target);
      }
    }
    context.out().print(printer.print(found));
    context.out().flush();
    missing.forEach(target -> context.error("no such image: " + target));
    return missing.isEmpty() ? 0 : CliException.FAILURE;
  }
}
