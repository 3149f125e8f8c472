package io.boxlite.cli.command;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `tag`: gives an image one more name.
final class TagCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Give an image one more name");
    spec.addPositional(Specs.arguments("IMAGE NAME", "The image, and its new name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> names = Specs.pair(parsed, "IMAGE", "NAME");
    context.boxlite().images().tag(names.getFirst(), names.getLast());
    return 0;
  }
}
