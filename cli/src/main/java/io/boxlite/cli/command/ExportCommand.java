package io.boxlite.cli.command;

import io.boxlite.api.Box;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `export`: writes a box as an archive.
final class ExportCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Write a box as an archive");
    spec.addOption(
        Specs.text("FILE", "File or directory; - (default): standard output", "-o", "--output"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String target = Specs.onlyArgument(parsed, "BOX");
    String file = parsed.matchedOptionValue("--output", "-");
    if (!file.equals("-")) {
      context.out().println(context.box(target).export(Path.of(file)));
      return 0;
    }
    if (context.terminal().showsOutput()) {
      throw CliException.failure(
          "cannot write an archive to a terminal; use -o FILE, or redirect standard output");
    }
    Box box = context.box(target);
    box.export(context.rawOut());
    return 0;
  }
}
