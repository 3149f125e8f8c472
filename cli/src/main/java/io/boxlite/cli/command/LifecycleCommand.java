package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxliteException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `start`, `stop` and `restart`: the same for each of several boxes.
final class LifecycleCommand implements Command {
  private final String description;
  private final String verb;
  private final String progressive;
  private final Consumer<Box> action;

  LifecycleCommand(String description, String verb, String progressive, Consumer<Box> action) {
    this.description = description;
    this.verb = verb;
    this.progressive = progressive;
    this.action = action;
  }

  static LifecycleCommand start() {
    return new LifecycleCommand("Start boxes", "start", "starting", Box::start);
  }

  static LifecycleCommand stop() {
    return new LifecycleCommand("Stop boxes", "stop", "stopping", Box::stop);
  }

  static LifecycleCommand pause() {
    return new LifecycleCommand("Let boxes stand still", "pause", "pausing", Box::pause);
  }

  static LifecycleCommand unpause() {
    return new LifecycleCommand("Let paused boxes go on", "unpause", "unpausing", Box::unpause);
  }

  static LifecycleCommand restart() {
    return new LifecycleCommand(
        "Stop boxes and start them again",
        "restart",
        "restarting",
        box -> {
          box.stop();
          box.start();
        });
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command(description);
    spec.addPositional(Specs.arguments("BOX...", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    return each(Specs.someArguments(parsed, "BOX"), context);
  }

  /// {@return the exit code}
  int each(List<String> targets, CliContext context) {
    List<String> errors = new ArrayList<>();
    for (String target : targets) {
      attempt(target, context)
          .ifPresentOrElse(
              error -> {
                context.error(error);
                errors.add(error);
              },
              () -> context.out().println(target));
    }
    if (errors.isEmpty()) {
      return 0;
    }
    if (targets.size() > 1) {
      context.error(summary(targets.size(), errors));
    }
    return CliException.FAILURE;
  }

  /// {@return what went wrong, or empty}
  private Optional<String> attempt(String target, CliContext context) {
    try {
      Optional<Box> box = context.boxlite().get(target);
      if (box.isEmpty()) {
        return Optional.of("No such box: " + target);
      }
      action.accept(box.get());
      return Optional.empty();
    } catch (BoxliteException e) {
      return Optional.of("Error " + progressive + " box '" + target + "': " + e.getMessage());
    }
  }

  private String summary(int targets, List<String> errors) {
    if (errors.size() < targets) {
      return "Failed to " + verb + " " + errors.size() + " of " + targets + " box(es)";
    }
    return "Failed to "
        + verb
        + " all "
        + targets
        + " box(es)\nErrors:\n  "
        + String.join("\n  ", errors);
  }
}
