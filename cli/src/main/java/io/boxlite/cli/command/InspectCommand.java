package io.boxlite.cli.command;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.ConfigException;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.NotFoundException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `inspect`: shows everything about boxes, and images that no box is named like.
final class InspectCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show details of boxes or images");
    spec.addOption(Specs.flag("The box that was made last", "-l", "--latest"));
    spec.addOption(
        Specs.text(
            "FORMAT", "json (default), yaml, or a template: {{.State.Status}}", "-f", "--format"));
    spec.addPositional(Specs.arguments("[BOX|IMAGE...]", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> targets = Specs.arguments(parsed);
    boolean latest = Specs.has(parsed, "--latest");
    Trees.Printer printer = Trees.printer(parsed.matchedOptionValue("--format", "json"), "inspect");
    if (latest && !targets.isEmpty()) {
      throw CliException.failure("--latest and arguments cannot be used together");
    }
    if (!latest && targets.isEmpty()) {
      throw CliException.failure("no names or ids specified");
    }
    List<Map<String, Object>> found = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    if (latest) {
      found.add(tree(latest(context)));
    }
    for (String target : targets) {
      find(target, context).ifPresentOrElse(found::add, () -> missing.add(target));
    }
    context.out().print(printer.print(found));
    context.out().flush();
    missing.forEach(target -> context.error("no such box: " + target));
    return missing.isEmpty() ? 0 : CliException.FAILURE;
  }

  private static BoxInfo latest(CliContext context) {
    return context.boxlite().list().stream()
        .findFirst()
        .orElseThrow(() -> CliException.failure("no boxes to inspect"));
  }

  private static Optional<Map<String, Object>> find(String target, CliContext context) {
    Optional<Box> box = context.boxlite().get(target);
    if (box.isPresent()) {
      return Optional.of(tree(box.get().info()));
    }
    try {
      return Optional.of(ImageTree.of(context.boxlite().images().inspect(target)));
    } catch (NotFoundException | ConfigException e) {
      return Optional.empty(); // a name of nothing, and of no image that there could be
    }
  }

  /// In milliseconds.
  private static Map<String, Object> timing(BootTiming boot) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Origin", boot.origin().wireName());
    tree.put("TotalCreateMs", boot.total().toMillis());
    tree.put("ImagePrepareMs", boot.imagePrepare().toMillis());
    tree.put("FilesystemSetupMs", boot.filesystemSetup().toMillis());
    tree.put("BoxConfigMs", boot.boxConfig().toMillis());
    tree.put("BoxSpawnMs", boot.boxSpawn().toMillis());
    tree.put("GuestBootMs", boot.guestBoot().toMillis());
    tree.put("ContainerInitMs", boot.containerInit().toMillis());
    return tree;
  }

  private static Map<String, Object> health(HealthStatus health) {
    List<Map<String, Object>> log = new ArrayList<>();
    for (HealthStatus.Probe probe : health.log()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("Start", probe.start().toString());
      entry.put("End", probe.end().toString());
      entry.put("ExitCode", probe.exitCode());
      entry.put("Output", probe.output());
      log.add(entry);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Status", health.state().wireName());
    tree.put("FailingStreak", health.failures());
    tree.put("Log", log);
    return tree;
  }

  private static Map<String, Object> tree(BoxInfo box) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("Status", box.status().wireName());
    state.put("Running", box.status() == BoxStatus.RUNNING);
    state.put("Pid", box.pid().orElse(0));
    state.put("ExitCode", box.exitCode().orElse(0));
    box.errorReason().ifPresent(reason -> state.put("Error", reason));
    state.put("Restarting", box.restarting());
    box.health().ifPresent(health -> state.put("Health", health(health)));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Id", box.id());
    tree.put("Name", box.name().orElse(""));
    tree.put("Image", box.image());
    tree.put("Created", box.createdAt().toString());
    tree.put("Status", box.status().wireName());
    tree.put("State", state);
    tree.put("RestartCount", box.restartCount());
    tree.put("Cpus", box.cpus());
    tree.put("Memory", box.memoryMib() * 1024L * 1024L);
    tree.put("NetworkSettings", NetworkTree.of(box.network()));
    box.boot().ifPresent(boot -> tree.put("BootTiming", timing(boot)));
    return tree;
  }
}
