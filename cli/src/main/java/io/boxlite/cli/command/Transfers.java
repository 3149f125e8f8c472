package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxOptions.PullPolicy;
import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.cli.output.OneLine;
import io.boxlite.cli.output.TransferBars;
import io.boxlite.cli.output.TransferDisplay;
import io.boxlite.cli.terminal.Terminal;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// Pulls with their progress, alone and before a box is made.
final class Transfers {
  private static final Terminal.Size USUAL = new Terminal.Size(24, 80);

  private Transfers() {}

  static void addPlatform(CommandSpec spec) {
    spec.addOption(
        Specs.text("OS/ARCH", "Platform of the image (default: this one)", "--platform"));
  }

  static void addFlags(CommandSpec spec) {
    addPlatform(spec);
    spec.addOption(
        Specs.text("WHEN", "Fetch the image always, if missing (default), or never", "--pull"));
    spec.addOption(Specs.flag("Do not show how the image is fetched", "--quiet-pull"));
  }

  static Optional<String> platform(ParseResult parsed) {
    return Optional.ofNullable(parsed.<String>matchedOptionValue("--platform", null));
  }

  /// {@return what shows progress on standard error, to be closed by the caller}
  static TransferDisplay display(boolean quiet, CliContext context) {
    if (quiet) {
      return TransferDisplay.none();
    }
    Terminal terminal = context.terminal();
    boolean dumb = context.environment().getOrDefault("TERM", "").equals("dumb");
    if (dumb || !terminal.showsErrors()) {
      return TransferDisplay.lines(context.err());
    }
    return new TransferBars(
        context.err(), () -> terminal.errorsSize().orElse(USUAL), System::nanoTime);
  }

  static PulledImage pull(
      String reference, Optional<String> platform, boolean quiet, CliContext context) {
    try (TransferDisplay display = display(quiet, context)) {
      PullOptions options = new PullOptions(reference, platform, List.of());
      return context.boxlite().images().pull(options, display);
    }
  }

  /// Makes a box, and fetches its image as the flags say. An image that is there costs no request.
  static Box create(BoxOptions options, ParseResult parsed, CliContext context) {
    PullPolicy policy = policy(parsed);
    Optional<String> image = options.image();
    BoxOptions fetched = options.withPull(PullPolicy.NEVER);
    if (image.isEmpty() || policy == PullPolicy.NEVER) {
      return NamedVolumes.create(fetched, context.boxlite());
    }
    boolean quiet = Specs.has(parsed, "--quiet-pull");
    Optional<String> platform = platform(parsed);
    if (policy == PullPolicy.MISSING && fits(image.get(), platform, context)) {
      try {
        return NamedVolumes.create(fetched, context.boxlite());
      } catch (ImageException e) {
        if (!e.reason().equals("image_not_in_store")) {
          throw e;
        }
        if (!quiet) {
          context
              .err()
              .println("Image '" + OneLine.of(image.get()) + "' is not here yet, pulling it");
        }
      }
    }
    PulledImage pulled = pull(image.get(), platform, quiet, context);
    return NamedVolumes.create(options.ofFetched(pulled), context.boxlite());
  }

  /// Whether the image, if it is there, is of the platform that was asked for.
  private static boolean fits(String image, Optional<String> platform, CliContext context) {
    if (platform.isEmpty()) {
      return true;
    }
    try {
      ImageDetails details = context.boxlite().images().inspect(image);
      String own = details.os() + "/" + details.architecture();
      return platform.get().equals(own) || platform.get().startsWith(own + "/");
    } catch (NotFoundException e) {
      return true; // it will be found to be missing
    }
  }

  static PullPolicy policy(ParseResult parsed) {
    String name = parsed.matchedOptionValue("--pull", PullPolicy.MISSING.wireName());
    return PullPolicy.ofWireName(name)
        .orElseThrow(
            () -> CliException.usage("--pull '" + name + "' must be always, missing or never"));
  }
}
