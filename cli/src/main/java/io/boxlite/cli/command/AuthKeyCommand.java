package io.boxlite.cli.command;

import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.client.ApiKey;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `auth key create|ls|revoke`: the API keys that clients of `boxlite serve` need.
final class AuthKeyCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make, list or revoke the API keys of boxlite serve");
    spec.addOption(
        Specs.texts("SCOPE", "create: what it allows, e.g. box:read (default: all)", "--scope"));
    Listings.addFlags(spec);
    spec.addPositional(Specs.arguments("create|ls|revoke [NAME]", "What to do"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    String action = Specs.someArguments(parsed, "create, ls or revoke").getFirst();
    switch (action) {
      case "create" -> {
        List<String> scopes = Specs.list(parsed, "--scope");
        ApiKey made = context.server().createKey(name(parsed), scopes);
        context.err().println("Keep this key: it is shown only now.");
        context.out().println(made.value().orElseThrow());
      }
      case "ls", "list" -> print(context.server().keys(), parsed, context);
      case "revoke", "rm" -> {
        String name = name(parsed);
        context.server().revokeKey(name);
        context.out().println(name);
      }
      default ->
          throw CliException.usage(
              "unknown action '" + action + "' of auth key; use create, ls or revoke");
    }
    return 0;
  }

  private static String name(ParseResult parsed) {
    return Specs.pair(parsed, "create, ls or revoke", "NAME").get(1);
  }

  private static void print(List<ApiKey> keys, ParseResult parsed, CliContext context) {
    if (Specs.has(parsed, "--quiet")) {
      keys.forEach(key -> context.out().println(key.name()));
      return;
    }
    List<Map<String, Object>> trees = keys.stream().map(AuthKeyCommand::tree).toList();
    context
        .out()
        .print(
            switch (Listings.format(parsed)) {
              case TABLE -> table(keys);
              case JSON -> Format.json(trees);
              case YAML -> Format.yaml(trees);
            });
  }

  private static String table(List<ApiKey> keys) {
    Table table = new Table("NAME", "CREATED", "SCOPES");
    keys.forEach(key -> {
      table.row(key.name(), key.createdAt(), String.join(",", key.scopes()));
    });
    return table.render();
  }

  private static Map<String, Object> tree(ApiKey key) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Name", key.name());
    tree.put("CreatedAt", key.createdAt());
    tree.put("Scopes", key.scopes());
    return tree;
  }
}
