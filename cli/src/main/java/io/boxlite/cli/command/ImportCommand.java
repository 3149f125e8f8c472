package io.boxlite.cli.command;

import io.boxlite.api.Box;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `import`: makes a box of an archive.
final class ImportCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make a box of an archive");
    spec.addOption(Specs.text("NAME", "Name of the box", "--name"));
    spec.addPositional(Specs.arguments("FILE", "The archive; -: standard input"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    String file = Specs.onlyArgument(parsed, "FILE");
    Optional<String> name = Optional.ofNullable(parsed.matchedOptionValue("--name", null));
    Box box;
    if (file.equals("-")) {
      box = context.boxlite().importBox(context.in(), name);
    } else {
      Path path = Path.of(file);
      if (!Files.exists(path) || Files.isDirectory(path)) {
        String why = Files.exists(path) ? "a directory" : "no such file";
        throw CliException.failure("cannot import '" + file + "': " + why);
      }
      try (InputStream in = Files.newInputStream(path)) {
        box = context.boxlite().importBox(in, name);
      }
    }
    context.out().println(box.id());
    return 0;
  }
}
