package io.boxlite.cli.command;

import io.boxlite.api.RestOptions;
import io.boxlite.client.Principal;
import io.boxlite.client.RemoteBoxlite;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `auth logout|status|whoami`: which server the commands of this user are for, and as whom.
final class AuthCommand implements Command {
  private final String action;

  private AuthCommand(String action) {
    this.action = action;
  }

  static AuthCommand logout() {
    return new AuthCommand("logout");
  }

  static AuthCommand status() {
    return new AuthCommand("status");
  }

  static AuthCommand whoami() {
    return new AuthCommand("whoami");
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command(
            switch (action) {
              case "logout" -> "Forget a server and its key";
              case "status" -> "Show which server is used";
              default -> "Ask the server who it takes this user for";
            });
    if (action.equals("logout")) {
      spec.addOption(Specs.flag("Do not ask", "-y", "--yes"));
    }
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    Specs.noArguments(parsed);
    switch (action) {
      case "logout" -> logout(parsed, context);
      case "status" -> status(parsed, context);
      default -> whoami(parsed, context);
    }
    return 0;
  }

  private static void logout(ParseResult parsed, CliContext context) throws IOException {
    Path file = Profiles.file(context.environment());
    String name = RemoteServers.profile(parsed, context.environment());
    Optional<Map<String, String>> entries = Profiles.read(file).get(name);
    if (entries.isEmpty()) {
      context.out().println("Not logged in (profile `" + name + "`).");
      return;
    }
    if (Specs.has(parsed, "--yes")
        || Confirmation.ask(
            "This forgets the key for " + entries.get().get(Profiles.URL) + ".", context)) {
      OidcSession.revoke(entries.get(), RemoteServers.authorities(context.environment()))
          .ifPresent(reason -> context.warn("the tokens stay good until they end: " + reason));
      Profiles.change(file, now -> now.remove(name));
      context.out().println("Logged out (profile `" + name + "`).");
    }
  }

  private static void status(ParseResult parsed, CliContext context) {
    String name = RemoteServers.profile(parsed, context.environment());
    Profiles profiles = Profiles.read(Profiles.file(context.environment()));
    Optional<Map<String, String>> entries = profiles.get(name);
    if (entries.isEmpty()) {
      context.out().println("Not logged in (profile `" + name + "`).");
      return;
    }
    context.out().println("Logged in to: " + entries.get().get(Profiles.URL));
    String issuer = entries.get().get(OidcSession.ISSUER);
    String kind =
        entries.get().containsKey(Profiles.API_KEY)
            ? "API key"
            : issuer == null ? "token" : "token of " + issuer;
    context.out().println("Credential: " + kind);
    context
        .out()
        .println("Expires: " + entries.get().getOrDefault(OidcSession.EXPIRES_AT, "never"));
  }

  private static void whoami(ParseResult parsed, CliContext context) {
    RestOptions options =
        RemoteServers.choose(parsed, context.environment(), List.of())
            .orElseThrow(
                () -> CliException.failure("not logged in; use boxlite auth login or --url"));
    try (RemoteBoxlite server = RemoteBoxlite.connect(options)) {
      Principal who = server.principal();
      context.out().println("Logged in as: " + who.email().orElse(who.sub()));
      context.out().println("Name: " + who.displayName().orElse("-"));
      context.out().println("Principal: " + who.type());
      context.out().println("Path prefix: " + who.pathPrefix().orElse("-"));
      context.out().println("Server: " + options.url());
      context.out().println("Scopes: " + String.join(" ", who.scopes()));
      context.out().println("Expires: " + who.expiresAt().orElse("never"));
    }
  }
}
