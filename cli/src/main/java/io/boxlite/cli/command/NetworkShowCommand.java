package io.boxlite.cli.command;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `network show`: what a box may reach, and the ports that lead into it.
final class NetworkShowCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show rules, ports and secrets of a box");
    spec.addOption(Specs.text("FORMAT", "json, yaml or a template", "-f", "--format"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    Trees.Printer printer =
        Trees.printer(parsed.matchedOptionValue("--format", "json"), "network show");
    String target = Specs.onlyArgument(parsed, "BOX");
    context
        .out()
        .print(printer.print(List.of(NetworkTree.of(context.box(target).info().network()))));
    return 0;
  }
}
