package io.boxlite.cli.command;

import io.boxlite.api.BoxNetwork;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `network allow` and `network deny`: change what a box may reach.
final class NetworkRulesCommand implements Command {
  private final boolean allows;

  private NetworkRulesCommand(boolean allows) {
    this.allows = allows;
  }

  static NetworkRulesCommand allow() {
    return new NetworkRulesCommand(true);
  }

  static NetworkRulesCommand deny() {
    return new NetworkRulesCommand(false);
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command(
            allows ? "Let a box reach more, also while it runs" : "Let a box reach less, at once");
    if (allows) {
      spec.addOption(Specs.flag("Nothing else is allowed any more", "--only"));
    }
    spec.addPositional(
        Specs.arguments("BOX RULE...", "A box; hosts, *.suffixes, addresses or ranges, :port"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.someArguments(parsed, "BOX");
    List<String> rules = arguments.subList(1, arguments.size());
    if (rules.isEmpty()) {
      throw CliException.usage("missing argument: RULE");
    }
    BoxNetwork network = context.box(arguments.getFirst()).network();
    if (allows) {
      network.allow(rules, Specs.has(parsed, "--only"));
    } else {
      network.deny(rules);
    }
    return 0;
  }
}
