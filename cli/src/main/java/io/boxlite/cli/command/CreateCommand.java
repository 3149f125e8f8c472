package io.boxlite.cli.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `create`: makes a box without starting it.
final class CreateCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make a box without starting it");
    BoxFlags.add(spec);
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    if (parsed.hasMatchedOption("--rootfs") && !Specs.arguments(parsed).isEmpty()) {
      throw CliException.failure("provide either IMAGE or --rootfs PATH, not both");
    }
    // A created box is started by a later command, so it cannot end with this one.
    var options = BoxFlags.read(parsed, context).detach(true).build();
    context.out().println(Transfers.create(options, parsed, context).id());
    return 0;
  }
}
