package io.boxlite.cli.command;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `template build|list|prune`: the VMs at rest that boxes start from.
final class TemplateCommand implements Command {
  private static final long MIB = 1L << 20;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make, list or remove the VMs at rest that boxes start from");
    spec.addOption(Specs.value(Integer.class, "N", "build: virtual CPUs (default 1)", "--cpus"));
    spec.addOption(Specs.value(Integer.class, "MIB", "build: memory (default 512)", "--memory"));
    Listings.addFlags(spec);
    spec.addPositional(Specs.arguments("build|list|prune", "What to do"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String action = Specs.onlyArgument(parsed, "build, list or prune");
    switch (action) {
      case "build" -> build(parsed, context);
      case "list", "ls" -> print(context.boxlite().templates().list(), parsed, context);
      case "prune" -> print(context.boxlite().templates().prune(), parsed, context);
      default ->
          throw CliException.usage(
              "unknown action '" + action + "' of template; use build, list or prune");
    }
    return 0;
  }

  private static void build(ParseResult parsed, CliContext context) {
    int cpus = parsed.matchedOptionValue("--cpus", BoxOptions.DEFAULT_CPUS);
    int memory = parsed.matchedOptionValue("--memory", BoxOptions.DEFAULT_MEMORY_MIB);
    Consumer<TemplateProgress> progress =
        context.terminal().showsErrors() ? stage -> show(stage, context) : _ -> {};
    TemplateInfo made = context.boxlite().templates().build(cpus, memory, progress);
    context.out().println(made.key());
  }

  private static void show(TemplateProgress stage, CliContext context) {
    String text =
        switch (stage) {
          case WAITING -> "waiting for somebody else who makes it";
          case BOOTING -> "booting a guest";
          case REHEARSING -> "rehearsing a start";
          case SAVING -> "saving it";
          case READY -> "ready";
        };
    context.err().println(text);
  }

  private static void print(List<TemplateInfo> templates, ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    if (Specs.has(parsed, "--quiet")) {
      templates.forEach(template -> context.out().println(template.key()));
      return;
    }
    List<Map<String, Object>> trees = templates.stream().map(TemplateCommand::tree).toList();
    context
        .out()
        .print(
            switch (format) {
              case TABLE -> table(templates);
              case JSON -> Format.json(trees);
              case YAML -> Format.yaml(trees);
            });
  }

  private static String table(List<TemplateInfo> templates) {
    Table table = new Table("KEY", "CPUS", "MEMORY", "SIZE", "CREATED", "LAST USED", "IN USE");
    for (TemplateInfo template : templates) {
      table.row(
          template.key(),
          Integer.toString(template.cpus()),
          template.memoryMib() + " MiB",
          template.sizeBytes() / MIB + " MiB",
          Times.utc(template.createdAt()),
          Times.utc(template.lastUsedAt()),
          template.inUse() ? "yes" : "no");
    }
    return table.render();
  }

  private static Map<String, Object> tree(TemplateInfo template) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Key", template.key());
    tree.put("Cpus", template.cpus());
    tree.put("Memory", template.memoryMib() * MIB);
    tree.put("Size", template.sizeBytes());
    tree.put("CreatedAt", Times.utc(template.createdAt()));
    tree.put("LastUsedAt", Times.utc(template.lastUsedAt()));
    tree.put("InUse", template.inUse());
    return tree;
  }
}
