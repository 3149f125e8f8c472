package io.boxlite.cli.command;

import io.boxlite.api.PulledImage;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `pull`: fetches an image.
final class PullCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Fetch an image from its registry");
    spec.addOption(Specs.flag("Print only the digest of the configuration", "-q", "--quiet"));
    Transfers.addPlatform(spec);
    spec.addPositional(Specs.arguments("IMAGE", "Name of the image"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String reference = Specs.onlyArgument(parsed, "IMAGE");
    boolean quiet = Specs.has(parsed, "--quiet");
    PulledImage pulled = Transfers.pull(reference, Transfers.platform(parsed), quiet, context);
    if (quiet) {
      context.out().println(pulled.configDigest());
    } else {
      context.out().println("Pulled: " + pulled.image().reference());
      context.out().println("Digest: " + pulled.configDigest());
      context.out().println("Layers: " + pulled.layerCount());
    }
    return 0;
  }
}
