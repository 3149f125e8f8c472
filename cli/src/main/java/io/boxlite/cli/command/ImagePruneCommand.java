package io.boxlite.cli.command;

import io.boxlite.api.RemovedImages;
import io.boxlite.cli.output.ByteSize;
import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `image prune`: removes images that nobody uses.
final class ImagePruneCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Remove images that no box uses and that have no name");
    spec.addOption(Specs.flag("Also those with a name", "-a", "--all"));
    spec.addOption(Specs.flag("Ask nothing", "-f", "--force"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    boolean all = Specs.has(parsed, "--all");
    String warning =
        all
            ? "This will remove all images that no box uses."
            : "This will remove all images that no box uses and that have no name.";
    if (!Specs.has(parsed, "--force") && !Confirmation.ask(warning, context)) {
      return 0;
    }
    RemovedImages removed = context.boxlite().images().prune(all);
    removed.untagged().forEach(name -> context.out().println("Untagged: " + name));
    removed.deleted().forEach(digest -> context.out().println("Deleted: " + digest));
    context.out().println("Total reclaimed space: " + ByteSize.of(removed.freedBytes()));
    return 0;
  }
}
