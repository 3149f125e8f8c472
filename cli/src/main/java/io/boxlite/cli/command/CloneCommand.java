package io.boxlite.cli.command;

import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `clone`: makes one more box of what a box is now.
final class CloneCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make one more box of what a box is now");
    spec.addOption(Specs.text("NAME", "Name of the new box", "--name"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    Optional<String> name = Optional.ofNullable(parsed.matchedOptionValue("--name", null));
    context.out().println(context.box(Specs.onlyArgument(parsed, "BOX")).cloneBox(name).id());
    return 0;
  }
}
