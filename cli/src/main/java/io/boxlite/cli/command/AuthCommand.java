package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RestOptions;
import io.boxlite.client.Principal;
import io.boxlite.client.RemoteBoxlite;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `auth login|logout|status|whoami`: which server the commands of this user are for, and as whom.
final class AuthCommand implements Command {
  private static final int MAX_KEY = 4096; // bytes

  private final String action;

  private AuthCommand(String action) {
    this.action = action;
  }

  static AuthCommand login() {
    return new AuthCommand("login");
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
              case "login" -> "Use a server from now on";
              case "logout" -> "Forget a server and its key";
              case "status" -> "Show which server is used";
              default -> "Ask the server who it takes this user for";
            });
    if (action.equals("login")) {
      spec.addOption(Specs.flag("Read the API key from standard input", "--api-key-stdin"));
      spec.addOption(Specs.text("METHOD", "api-key, the only one so far", "--method"));
    }
    if (action.equals("logout")) {
      spec.addOption(Specs.flag("Do not ask", "-y", "--yes"));
    }
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    Specs.noArguments(parsed);
    switch (action) {
      case "login" -> login(parsed, context);
      case "logout" -> logout(parsed, context);
      case "status" -> status(parsed, context);
      default -> whoami(parsed, context);
    }
    return 0;
  }

  private static void login(ParseResult parsed, CliContext context) throws IOException {
    String method = parsed.matchedOptionValue("--method", "api-key");
    if (!method.equals("api-key")) {
      throw CliException.usage("method '" + method + "' is not available; use api-key");
    }
    Profiles profiles = Profiles.read(Profiles.file(context.environment()));
    String url = RemoteServers.loginUrl(parsed, context.environment());
    RestOptions options = RestOptions.of(url).withApiKey(key(parsed, context));
    String authorities = context.environment().getOrDefault("BOXLITE_REST_CA_FILE", "");
    if (!authorities.isEmpty()) {
      options = options.withCaFile(java.nio.file.Path.of(authorities));
    }
    Optional<String> prefix = RemoteServers.prefix(parsed, context.environment());
    Optional<Principal> known = check(url, options, prefix);
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put(Profiles.URL, url);
    entries.put(Profiles.API_KEY, options.apiKey().orElseThrow());
    entries.put(Profiles.AUTH_METHOD, "api_key");
    prefix
        .or(() -> known.flatMap(Principal::pathPrefix))
        .ifPresent(text -> entries.put(Profiles.PATH_PREFIX, text));
    profiles.put(RemoteServers.profile(parsed, context.environment()), entries);
    String as =
        known
            .map(who -> "Logged in as " + who.email().orElse(who.sub()))
            .orElse("Logged in (API key)");
    String where = entries.get(Profiles.PATH_PREFIX);
    context.out().println(as + (where == null ? "" : " (path prefix: " + where + ")"));
  }

  private static Optional<Principal> check(
      String url, RestOptions options, Optional<String> prefix) {
    RestOptions whole = prefix.isPresent() ? options.withPathPrefix(prefix.get()) : options;
    try (RemoteBoxlite server = RemoteBoxlite.connect(whole)) {
      try {
        return Optional.of(server.principal());
      } catch (NotFoundException e) {
        server.list(); // a server without principals
        return Optional.empty();
      }
    } catch (NetworkException e) {
      throw CliException.failure(
          "could not reach " + url + ": " + e.getMessage() + " (credentials not saved)");
    } catch (BoxliteException e) {
      throw CliException.failure(
          "authentication failed against "
              + url
              + ": "
              + e.getMessage()
              + " (credentials not saved)");
    }
  }

  @SuppressWarnings("SystemConsoleNull") // JDK 25 has null again where there is no terminal
  private static String key(ParseResult parsed, CliContext context) throws IOException {
    Console console = System.console();
    String key;
    if (Specs.has(parsed, "--api-key-stdin") || console == null || !console.isTerminal()) {
      key = new String(context.in().readNBytes(MAX_KEY), StandardCharsets.UTF_8);
    } else {
      char[] typed = console.readPassword("API key: ");
      key = typed == null ? "" : new String(typed);
    }
    if (key.isBlank()) {
      throw CliException.failure("no API key was given");
    }
    return key.strip();
  }

  private static void logout(ParseResult parsed, CliContext context) throws IOException {
    Profiles profiles = Profiles.read(Profiles.file(context.environment()));
    String name = RemoteServers.profile(parsed, context.environment());
    Optional<Map<String, String>> entries = profiles.get(name);
    if (entries.isEmpty()) {
      context.out().println("Not logged in (profile `" + name + "`).");
      return;
    }
    if (Specs.has(parsed, "--yes")
        || Confirmation.ask(
            "This forgets the key for " + entries.get().get(Profiles.URL) + ".", context)) {
      profiles.remove(name);
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
    context
        .out()
        .println(
            "Credential: " + (entries.get().containsKey(Profiles.API_KEY) ? "API key" : "token"));
    context.out().println("Expires: " + entries.get().getOrDefault("expires_at", "never"));
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
