package io.boxlite.cli.command;

import io.boxlite.api.BoxUpdate;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `update`: changes what boxes have; all but the restart policy counts from their next start on.
final class UpdateCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Change CPUs, memory, disk or restart policy of boxes");
    spec.addOption(Specs.value(Integer.class, "N", "Virtual CPUs", "--cpus"));
    spec.addOption(Specs.value(Integer.class, "MIB", "Memory", "--memory"));
    spec.addOption(
        Specs.value(Integer.class, "GB", "Size of the disk, which can only grow", "--disk-size"));
    spec.addOption(HealthFlags.restart());
    spec.addPositional(Specs.arguments("BOX...", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> targets = Specs.someArguments(parsed, "BOX");
    BoxUpdate.Builder change = BoxUpdate.builder();
    number(parsed, "--cpus").ifPresent(change::cpus);
    number(parsed, "--memory").ifPresent(change::memoryMib);
    number(parsed, "--disk-size").ifPresent(change::diskSizeGb);
    HealthFlags.restart(parsed).ifPresent(change::restart);
    BoxUpdate update = change.build();
    if (update.equals(BoxUpdate.builder().build())) {
      throw CliException.usage("nothing to change; see boxlite update --help");
    }
    return new LifecycleCommand("", "update", "updating", box -> box.update(update))
        .each(targets, context);
  }

  private static Optional<Integer> number(ParseResult parsed, String option) {
    return Optional.ofNullable(parsed.<Integer>matchedOptionValue(option, null));
  }
}
