package io.boxlite.cli.command;

import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `network log`: what a box tried to reach, and what came of it.
final class NetworkLogCommand implements Command {
  private static final int BUFFER = 32 * 1024;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what a box tried to reach, a JSON object a line");
    spec.addOption(Specs.flag("Go on with what comes later", "-f", "--follow"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    String target = Specs.onlyArgument(parsed, "BOX");
    try (InputStream log = context.box(target).network().log(Specs.has(parsed, "--follow"))) {
      byte[] buffer = new byte[BUFFER];
      for (int count = log.read(buffer); count >= 0; count = log.read(buffer)) {
        try {
          context.rawOut().write(buffer, 0, count);
          context.rawOut().flush();
        } catch (IOException e) {
          return 0; // nobody reads it any more
        }
      }
    }
    return 0;
  }
}
