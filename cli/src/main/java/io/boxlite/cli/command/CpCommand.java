package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.CopyOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `cp`: copies files between this host and a box.
final class CpCommand implements Command {
  private static final String STREAM = "-";

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("Copy files between this host and a box (BOX:PATH); - is a tar stream");
    spec.addOption(
        Specs.flag(
            "Copy what symbolic links point to", "-L", "--follow-link", "--follow-symlinks"));
    spec.addOption(Specs.flag("Fail if the destination exists", "--no-overwrite"));
    spec.addOption(
        Specs.text(
            "true|false",
            "Copy a directory as itself, not only what is in it (default: true)",
            "--include-parent"));
    spec.addPositional(Specs.arguments("SRC DST", "One is BOX:PATH, the other a path or -"));
    return spec;
  }

  /// One side of a copy.
  ///
  /// @param box its box; empty: this host
  /// @param path in it
  record Place(Optional<String> box, String path) {
    /// Splits at the first colon, unless what is before it shows a path: a slash, or a dot in
    /// front.
    static Place of(String text) {
      int colon = text.indexOf(':');
      int slash = text.indexOf('/');
      boolean host = colon <= 0 || (slash >= 0 && slash < colon) || text.startsWith(".");
      return host
          ? new Place(Optional.empty(), text)
          : new Place(Optional.of(text.substring(0, colon)), text.substring(colon + 1));
    }

    boolean isStream() {
      return box.isEmpty() && path.equals(STREAM);
    }

    /// The path on this host; one that ends in a slash stays a directory.
    Path host() {
      return Path.of(path.endsWith("/") ? path + "." : path);
    }
  }

  /// A bare `--include-parent` means true; a value has to follow after `=`.
  @Override
  public String[] arrange(String[] arguments, CommandSpec specified) {
    String[] arranged = arguments.clone();
    for (int i = 0; i < arranged.length && !arranged[i].equals("--"); i++) {
      if (arranged[i].equals("--include-parent")) {
        arranged[i] = "--include-parent=true";
      }
    }
    return arranged;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.arguments(parsed);
    if (arguments.size() != 2) {
      throw CliException.usage("cp needs SRC and DST");
    }
    Place source = Place.of(arguments.get(0));
    Place target = Place.of(arguments.get(1));
    check(source, target);
    boolean parent = includeParent(parsed.matchedOptionValue("--include-parent", "true"));
    CopyOptions options =
        new CopyOptions(
            true,
            !Specs.has(parsed, "--no-overwrite"),
            Specs.has(parsed, "--follow-symlinks"),
            parent);
    String name = source.box.or(target::box).orElseThrow();
    Box box =
        context
            .boxlite()
            .get(name)
            .orElseThrow(() -> CliException.failure("box '" + name + "' not found"));
    List<String> skipped =
        source.box.isPresent()
            ? out(box, source, target, options, context)
            : in(box, source, target, options, context);
    skipped.forEach(context::warn);
    return 0;
  }

  private static void check(Place source, Place target) {
    if (source.box.isPresent() && target.box.isPresent()) {
      throw CliException.failure(
          "copy between boxes is not supported (both SRC and DST reference a box)");
    }
    if (source.box.isEmpty() && target.box.isEmpty()) {
      throw CliException.failure(
          "at least one of SRC or DST must reference a box (format BOX:PATH); a path with a colon"
              + " on this host begins with / or ./");
    }
    if (source.path.isEmpty()) {
      throw CliException.failure("source path cannot be empty");
    }
    if (target.path.isEmpty()) {
      throw CliException.failure("destination path cannot be empty");
    }
  }

  private static boolean includeParent(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw CliException.usage("--include-parent must be true or false, not '" + value + "'");
    };
  }

  private static List<String> in(
      Box box, Place source, Place target, CopyOptions options, CliContext context) {
    if (source.isStream()) {
      // As with docker cp: a stream always goes into a directory.
      String directory = target.path.endsWith("/") ? target.path : target.path + "/";
      return box.copyIn(context.in(), directory, options.withIncludeParent(false));
    }
    return box.copyIn(source.host(), target.path, options);
  }

  private static List<String> out(
      Box box, Place source, Place target, CopyOptions options, CliContext context) {
    if (target.isStream()) {
      if (context.terminal().isTerminal()) {
        throw CliException.failure("a tar is not written to a terminal; redirect it");
      }
      return box.copyOut(source.path, context.rawOut(), options);
    }
    return box.copyOut(source.path, target.host(), options);
  }
}
