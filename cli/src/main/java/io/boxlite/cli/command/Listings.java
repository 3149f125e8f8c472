package io.boxlite.cli.command;

import io.boxlite.cli.output.Format;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// The flags that all listing verbs have.
final class Listings {
  private Listings() {}

  static void addFlags(CommandSpec spec) {
    spec.addOption(Specs.flag("Only ids", "-q", "--quiet"));
    spec.addOption(Specs.text("FORMAT", "table (default), json or yaml", "--format"));
  }

  static Format format(ParseResult parsed) {
    String name = parsed.matchedOptionValue("--format", "table");
    return Format.of(name)
        .orElseThrow(() ->
            CliException.failure(
                "Unknown format: '" + name + "'. Valid formats: table, json, yaml"));
  }
}
