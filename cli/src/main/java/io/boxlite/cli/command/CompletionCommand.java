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
      CommandSpec spec =
          verb.group().map(CompletionCommand::tree).orElseGet(() -> leaf(verb.command()));
      root.addSubcommand(verb.word(), spec.aliases(verb.aliases().toArray(String[]::new)));
    }
    return root;
  }

  private static CommandSpec tree(Group group) {
    CommandSpec spec = CommandSpec.create();
    GlobalFlags.addTo(spec);
    for (String word : group.words()) {
      group.command(word).ifPresent(command -> spec.addSubcommand(word, leaf(command)));
    }
    return spec;
  }

  private static CommandSpec leaf(Command command) {
    CommandSpec spec = command.spec();
    GlobalFlags.addTo(spec);
    return spec;
  }

  private static String fish() {
    StringBuilder script = new StringBuilder("complete -c boxlite -f\n");
    for (Verb verb : Verb.values()) {
      fish(script, "__fish_use_subcommand", verb.word(), verb.description());
      String seen = "__fish_seen_subcommand_from " + verb.word();
      if (verb.group().isEmpty()) {
        fish(
            script,
            String.join(" ", seen, String.join(" ", verb.aliases())).strip(),
            verb.command());
        continue;
      }
      Group group = verb.group().get();
      for (String word : group.words()) {
        Command command = group.command(word).orElseThrow();
        String none =
            seen + "; and not __fish_seen_subcommand_from " + String.join(" ", group.words());
        fish(script, none, word, command.spec().usageMessage().description()[0]);
        fish(script, seen + "; and __fish_seen_subcommand_from " + word, command);
      }
    }
    return script.toString();
  }

  private static void fish(StringBuilder script, String when, String word, String description) {
    script
        .append("complete -c boxlite -n '")
        .append(when)
        .append("' -a ")
        .append(word)
        .append(" -d '")
        .append(description.replace("'", "\\'"))
        .append("'\n");
  }

  private static void fish(StringBuilder script, String when, Command command) {
    leaf(command).options().stream().filter(o -> !o.hidden()).forEach(o -> fish(script, when, o));
  }

  private static void fish(StringBuilder script, String when, OptionSpec option) {
    script.append("complete -c boxlite -n '").append(when).append('\'');
    for (String name : List.of(option.names())) {
      script.append(
          name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
    }
    script.append(option.arity().max() > 0 ? " -r" : "").append(" -d '");
    script.append(option.description()[0].replace("'", "\\'")).append("'\n");
  }
}
