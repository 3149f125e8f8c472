package io.boxlite.cli.command;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.GoTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `inspect`: shows everything about boxes.
final class InspectCommand implements Command {
  /// Names that other tools use.
  private static final Map<String, String> ALIASES = Map.of("ID", "Id", "ImageID", "Image");

  /// Prints the boxes that were found.
  private interface Printer {
    String print(List<Map<String, Object>> boxes);
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show details of boxes");
    spec.addOption(Specs.flag("The box that was made last", "-l", "--latest"));
    spec.addOption(
        Specs.text(
            "FORMAT", "json (default), yaml, or a template: {{.State.Status}}", "-f", "--format"));
    spec.addPositional(Specs.arguments("[BOX...]", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> targets = Specs.arguments(parsed);
    boolean latest = Specs.has(parsed, "--latest");
    Printer printer = printer(parsed.matchedOptionValue("--format", "json"));
    if (latest && !targets.isEmpty()) {
      throw CliException.failure("--latest and arguments cannot be used together");
    }
    if (!latest && targets.isEmpty()) {
      throw CliException.failure("no names or ids specified");
    }
    List<BoxInfo> found = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    if (latest) {
      found.add(latest(context));
    }
    for (String target : targets) {
      context
          .boxlite()
          .get(target)
          .map(Box::info)
          .ifPresentOrElse(found::add, () -> missing.add(target));
    }
    context.out().print(printer.print(found.stream().map(InspectCommand::tree).toList()));
    context.out().flush();
    missing.forEach(target -> context.error("no such box: " + target));
    return missing.isEmpty() ? 0 : CliException.FAILURE;
  }

  private static BoxInfo latest(CliContext context) {
    return context.boxlite().list().stream()
        .findFirst()
        .orElseThrow(() -> CliException.failure("no boxes to inspect"));
  }

  private static Printer printer(String format) {
    Optional<Format> known = Format.of(format);
    if (known.isEmpty()) {
      GoTemplate template = template(format);
      return boxes ->
          boxes.stream().map(box -> render(template, box) + "\n").collect(Collectors.joining());
    }
    return switch (known.get()) {
      case JSON -> boxes -> boxes.isEmpty() ? "[]\n" : Format.json(boxes);
      case YAML -> Format::yaml;
      case TABLE -> throw CliException.failure("inspect does not support table format");
    };
  }

  private static GoTemplate template(String source) {
    try {
      return GoTemplate.parse(source);
    } catch (IllegalArgumentException e) {
      throw CliException.failure("invalid --format: " + e.getMessage());
    }
  }

  private static String render(GoTemplate template, Map<String, Object> box) {
    try {
      return template.render(box, ALIASES);
    } catch (IllegalArgumentException e) {
      throw CliException.failure("invalid --format: " + e.getMessage());
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

  private static Map<String, Object> tree(BoxInfo box) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("Status", box.status().wireName());
    state.put("Running", box.status() == BoxStatus.RUNNING);
    state.put("Pid", box.pid().orElse(0));
    state.put("ExitCode", box.exitCode().orElse(0));
    box.errorReason().ifPresent(reason -> state.put("Error", reason));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Id", box.id());
    tree.put("Name", box.name().orElse(""));
    tree.put("Image", box.image());
    tree.put("Created", box.createdAt().toString());
    tree.put("Status", box.status().wireName());
    tree.put("State", state);
    tree.put("Cpus", box.cpus());
    tree.put("Memory", box.memoryMib() * 1024L * 1024L);
    box.boot().ifPresent(boot -> tree.put("BootTiming", timing(boot)));
    return tree;
  }
}
