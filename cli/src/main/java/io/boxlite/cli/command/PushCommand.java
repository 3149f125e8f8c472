package io.boxlite.cli.command;

import io.boxlite.cli.output.TransferDisplay;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `push`: sends an image.
final class PushCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Send an image to the registry of its name");
    spec.addOption(Specs.flag("Print only the digest of the manifest", "-q", "--quiet"));
    spec.addPositional(Specs.arguments("IMAGE", "Name of the image"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String reference = Specs.onlyArgument(parsed, "IMAGE");
    boolean quiet = Specs.has(parsed, "--quiet");
    String digest;
    try (TransferDisplay display = Transfers.display(quiet, context)) {
      digest = context.boxlite().images().push(reference, List.of(), display);
    }
    if (quiet) {
      context.out().println(digest);
    } else {
      context.out().println("Pushed: " + reference);
      context.out().println("Digest: " + digest);
    }
    return 0;
  }
}
