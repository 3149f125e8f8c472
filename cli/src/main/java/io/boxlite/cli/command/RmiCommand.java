package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.RemovedImages;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `rmi`: removes images.
final class RmiCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Remove images");
    spec.addOption(Specs.flag("Also images with several names or boxes", "-f", "--force"));
    spec.addPositional(Specs.arguments("IMAGE...", "Names, digests, or first digits of these"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    boolean force = Specs.has(parsed, "--force");
    boolean failed = false;
    for (String image : Specs.someArguments(parsed, "IMAGE")) {
      try {
        RemovedImages removed = context.boxlite().images().remove(image, force);
        removed.untagged().forEach(name -> context.out().println("Untagged: " + name));
        removed.deleted().forEach(digest -> context.out().println("Deleted: " + digest));
      } catch (BoxliteException e) {
        failed = true;
        context.error("Error removing image '" + image + "': " + e.getMessage());
      }
    }
    if (failed) {
      throw CliException.failure("Some images could not be removed");
    }
    return 0;
  }
}
