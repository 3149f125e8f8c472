package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RestOptions;
import io.boxlite.cli.oidc.Tokens;
import io.boxlite.client.Principal;
import io.boxlite.client.RemoteBoxlite;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `auth login`: from now on the commands of this user are for a server.
final class LoginCommand implements Command {
  private static final int MAX_KEY = 4096; // bytes

  /// How the user shows who they are.
  private enum Method {
    API_KEY,
    BROWSER,
    DEVICE;

    static Method of(String name) {
      return switch (name) {
        case "api-key" -> API_KEY;
        case "browser" -> BROWSER;
        case "device" -> DEVICE;
        default ->
            throw CliException.usage(
                "unknown method '" + name + "'; there are api-key, browser and device");
      };
    }
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Use a server from now on");
    spec.addOption(Specs.flag("Read the API key from standard input", "--api-key-stdin"));
    spec.addOption(Specs.text("METHOD", "api-key, browser or device", "--method"));
    spec.addOption(
        Specs.flag("Log in on another device, with a code that is shown", "--no-browser"));
    spec.addOption(
        Specs.text("URL", "Where people log in, if the server does not say it", "--issuer"));
    spec.addOption(Specs.text("ID", "Of this program at the issuer", "--client-id"));
    spec.addOption(Specs.text("AUDIENCE", "What the tokens are for", "--audience"));
    spec.addOption(
        Specs.value(
            Integer.class,
            "PORT",
            "Port of this machine that the browser comes back to (5555); 0: any",
            "--callback-port"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    Specs.noArguments(parsed);
    String url = RemoteServers.loginUrl(parsed, context.environment());
    Method method = method(parsed, context, url);
    Path file = Profiles.file(context.environment());
    Profiles.read(file); // a broken one is told before anybody logs in
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put(Profiles.URL, RestOptions.of(url).url().toString());
    if (method == Method.API_KEY) {
      entries.put(Profiles.API_KEY, key(parsed, context));
      entries.put(Profiles.AUTH_METHOD, "api_key");
    } else {
      OidcLogin login = new OidcLogin(parsed, context, url);
      Tokens tokens = method == Method.BROWSER ? login.byBrowser() : login.byDevice();
      login.addTo(entries);
      OidcSession.add(tokens, entries);
    }
    save(parsed, context, file, entries);
    return 0;
  }

  private static Method method(ParseResult parsed, CliContext context, String url)
      throws IOException {
    boolean noBrowser = Specs.has(parsed, "--no-browser");
    if (Specs.has(parsed, "--api-key-stdin")) {
      if (noBrowser) {
        throw CliException.usage("--api-key-stdin and --no-browser cannot be used together");
      }
      return Method.API_KEY;
    }
    String named = parsed.matchedOptionValue("--method", "");
    if (!named.isEmpty()) {
      Method method = Method.of(named);
      return method == Method.BROWSER && noBrowser ? Method.DEVICE : method;
    }
    if (noBrowser) {
      return Method.DEVICE;
    }
    return context.terminal().isTerminal() ? asked(context, url) : Method.API_KEY;
  }

  private static Method asked(CliContext context, String url) throws IOException {
    context.err().println("How do you log in to " + url + "?");
    context.err().println("  1  with the browser");
    context.err().println("  2  on another device, with a code");
    context.err().println("  3  with an API key");
    context.err().print("Number [1]: ");
    context.err().flush();
    return switch (Confirmation.line(context)) {
      // A browser that is started here would open there where nobody sits.
      case "", "1" ->
          context.environment().containsKey("SSH_CONNECTION") ? Method.DEVICE : Method.BROWSER;
      case "2" -> Method.DEVICE;
      case "3" -> Method.API_KEY;
      default -> throw CliException.usage("type 1, 2 or 3");
    };
  }

  private static void save(
      ParseResult parsed, CliContext context, Path file, Map<String, String> entries) {
    String bearer =
        entries.getOrDefault(Profiles.API_KEY, entries.getOrDefault(Profiles.ACCESS_TOKEN, ""));
    RestOptions options = RestOptions.of(entries.getOrDefault(Profiles.URL, "")).withApiKey(bearer);
    Optional<Path> authorities = RemoteServers.authorities(context.environment());
    if (authorities.isPresent()) {
      options = options.withCaFile(authorities.get());
    }
    Optional<String> prefix = RemoteServers.prefix(parsed, context.environment());
    Optional<Principal> known = check(options, prefix);
    prefix
        .or(() -> known.flatMap(Principal::pathPrefix))
        .ifPresent(text -> entries.put(Profiles.PATH_PREFIX, text));
    String name = RemoteServers.profile(parsed, context.environment());
    Profiles.change(file, profiles -> profiles.put(name, entries));
    String as =
        known
            .map(who -> "Logged in as " + who.email().orElse(who.sub()))
            .orElse(entries.containsKey(Profiles.API_KEY) ? "Logged in (API key)" : "Logged in");
    String where = entries.get(Profiles.PATH_PREFIX);
    context.out().println(as + (where == null ? "" : " (path prefix: " + where + ")"));
  }

  private static Optional<Principal> check(RestOptions options, Optional<String> prefix) {
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
          "could not reach " + options.url() + ": " + e.getMessage() + " (credentials not saved)");
    } catch (BoxliteException e) {
      throw CliException.failure(
          "authentication failed against "
              + options.url()
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
}
