package io.boxlite.cli.command;

import io.boxlite.api.CommitOptions;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `commit`: makes an image of a box.
final class CommitCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make an image of a box");
    spec.addOption(Specs.text("AUTHOR", "Who makes it", "-a", "--author"));
    spec.addOption(Specs.text("MESSAGE", "Comment for its history", "-m", "--message"));
    spec.addOption(
        Specs.texts("CHANGE", "Instruction as in a Dockerfile, such as CMD", "-c", "--change"));
    spec.addPositional(Specs.arguments("BOX NAME", "The box, and the name of the image"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> names = Specs.pair(parsed, "BOX", "NAME");
    CommitOptions options =
        new CommitOptions(
            names.getLast(),
            parsed.matchedOptionValue("--author", ""),
            parsed.matchedOptionValue("--message", ""),
            Specs.list(parsed, "--change"));
    context.out().println(context.box(names.getFirst()).commit(options).id());
    return 0;
  }
}
