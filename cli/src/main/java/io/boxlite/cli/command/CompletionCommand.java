package io.boxlite.cli.command;

import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `completion`: prints a script that completes `boxlite` in a shell.
final class CompletionCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Print a completion script for a shell");
    spec.addPositional(Specs.arguments("SHELL", "bash, zsh or fish"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String shell = Specs.onlyArgument(parsed, "SHELL (bash, zsh or fish)");
    context
        .out()
        .print(
            switch (shell) {
              // The script of picocli switches zsh to bash's completion by itself.
              case "bash", "zsh" -> AutoComplete.bash("boxlite", new CommandLine(tree()));
              case "fish" -> fish();
              default ->
                  throw CliException.usage(
                      "unknown shell '" + shell + "'; expected bash, zsh or fish");
            });
    return 0;
  }

  /// {@return the specification of the whole command line}
  static CommandSpec tree() {
    CommandSpec root = CommandSpec.create().name("boxlite");
    GlobalFlags.addTo(root);
    for (Verb verb : Verb.values()) {
      CommandSpec spec = verb.command().spec();
      GlobalFlags.addTo(spec);
      root.addSubcommand(verb.word(), spec.aliases(verb.aliases().toArray(String[]::new)));
    }
    return root;
  }

  private static String fish() {
    StringBuilder script = new StringBuilder("complete -c boxlite -f\n");
    for (Verb verb : Verb.values()) {
      CommandSpec spec = verb.command().spec();
      script
          .append("complete -c boxlite -n __fish_use_subcommand -a ")
          .append(verb.word())
          .append(" -d '")
          .append(spec.usageMessage().description()[0].replace("'", "\\'"))
          .append("'\n");
      GlobalFlags.addTo(spec);
      spec.options().stream().filter(o -> !o.hidden()).forEach(o -> fish(script, verb, o));
    }
    return script.toString();
  }

  private static void fish(StringBuilder script, Verb verb, OptionSpec option) {
    script.append("complete -c boxlite -n '__fish_seen_subcommand_from ").append(verb.word());
    verb.aliases().forEach(alias -> script.append(' ').append(alias));
    script.append('\'');
    for (String name : List.of(option.names())) {
      script.append(
          name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
    }
    script.append(option.arity().max() > 0 ? " -r" : "").append(" -d '");
    script.append(option.description()[0].replace("'", "\\'")).append("'\n");
  }
}
