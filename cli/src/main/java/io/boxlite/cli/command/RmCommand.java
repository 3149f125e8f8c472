package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxliteException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `rm`: removes boxes.
final class RmCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Remove boxes");
    spec.addOption(Specs.flag("Kill boxes that run, and ask nothing", "-f", "--force"));
    spec.addOption(Specs.flag("Also the volumes made with them", "-v", "--volumes"));
    spec.addOption(Specs.flag("All boxes", "-a", "--all"));
    spec.addPositional(Specs.arguments("BOX...", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    boolean force = Specs.has(parsed, "--force");
    List<String> targets;
    if (Specs.has(parsed, "--all")) {
      if (!Specs.arguments(parsed).isEmpty()) {
        throw CliException.usage("--all and BOX cannot be used together");
      }
      if (!force && !Confirmation.ask("This will remove all boxes.", context)) {
        return 0;
      }
      targets = context.boxlite().list().stream().map(BoxInfo::id).toList();
    } else {
      targets = Specs.someArguments(parsed, "BOX");
    }
    return remove(targets, force, Specs.has(parsed, "--volumes"), context);
  }

  private static int remove(
      List<String> targets, boolean force, boolean volumes, CliContext context) {
    boolean failed = false;
    for (String target : targets) {
      Optional<String> error = attempt(target, force, volumes, context);
      if (error.isEmpty()) {
        context.out().println(target);
      } else {
        failed = true;
        context.err().println("Error removing box '" + target + "': " + error.get());
      }
    }
    if (failed) {
      throw CliException.failure("Some boxes could not be removed");
    }
    return 0;
  }

  private static Optional<String> attempt(
      String target, boolean force, boolean volumes, CliContext context) {
    try {
      Optional<Box> box = context.boxlite().get(target);
      if (box.isEmpty()) {
        return Optional.of("No such box: " + target);
      }
      box.get().remove(force, volumes);
      return Optional.empty();
    } catch (BoxliteException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
