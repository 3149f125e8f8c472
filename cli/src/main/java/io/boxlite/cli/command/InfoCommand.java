package io.boxlite.cli.command;

import io.boxlite.api.RuntimeInfo;
import io.boxlite.cli.output.Format;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `info`: shows what the runtime is and can do.
final class InfoCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what this runtime is and can do");
    spec.addOption(Specs.text("FORMAT", "yaml (default) or json", "--format"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String name = parsed.matchedOptionValue("--format", "yaml");
    Optional<Format> format = Format.of(name).filter(f -> f != Format.TABLE);
    if (format.isEmpty()) {
      throw CliException.failure("Unknown format: '" + name + "'. Valid formats: yaml, json");
    }
    Map<String, Object> tree = tree(context.boxlite().info());
    context.out().print(format.get() == Format.JSON ? Format.json(tree) : Format.yaml(tree));
    return 0;
  }

  private static Map<String, Object> tree(RuntimeInfo info) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("version", info.version());
    tree.put("homeDir", info.home().toString());
    tree.put("engine", info.engine());
    tree.put("virtualization", info.virtualization());
    tree.put("os", info.os());
    tree.put("arch", info.arch());
    tree.put("boxesTotal", info.boxesTotal());
    tree.put("boxesRunning", info.boxesRunning());
    tree.put("boxesStopped", info.boxesStopped());
    tree.put("boxesConfigured", info.boxesConfigured());
    tree.put("imagesCount", info.imagesCount());
    tree.put("warmVms", info.warmVms());
    return tree;
  }
}
