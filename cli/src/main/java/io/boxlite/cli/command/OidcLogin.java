package io.boxlite.cli.command;

import io.boxlite.api.RestOptions;
import io.boxlite.cli.oidc.BrowserLogin;
import io.boxlite.cli.oidc.DeviceLogin;
import io.boxlite.cli.oidc.Issuer;
import io.boxlite.cli.oidc.LoginRefusedException;
import io.boxlite.cli.oidc.OidcSettings;
import io.boxlite.cli.oidc.Tokens;
import io.boxlite.client.Trust;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import picocli.CommandLine.ParseResult;

/// The part of `auth login` that asks an issuer. Its settings come from the flags, else from the
/// server, else from the environment.
final class OidcLogin {
  private static final int DEFAULT_PORT = 5555;
  private static final int MAX_PORT = 65535;

  private final CliContext context;
  private final int port;
  private final OidcSettings settings;
  private final SSLContext trust;

  OidcLogin(ParseResult parsed, CliContext context, String url) {
    this.context = context;
    port = parsed.matchedOptionValue("--callback-port", DEFAULT_PORT);
    if (port < 0 || port > MAX_PORT) {
      throw CliException.usage("--callback-port must be 0 to " + MAX_PORT + ", not " + port);
    }
    trust = Trust.context(RemoteServers.authorities(context.environment()));
    settings = settings(parsed, url);
  }

  private OidcSettings settings(ParseResult parsed, String url) {
    String issuer = parsed.matchedOptionValue("--issuer", "");
    String clientId = parsed.matchedOptionValue("--client-id", "");
    String audience = parsed.matchedOptionValue("--audience", "");
    Map<String, String> known = new HashMap<>();
    if (issuer.isEmpty() || clientId.isEmpty()) {
      known.putAll(Issuer.advertised(RestOptions.of(url).url(), trust));
    }
    issuer = first(issuer, known.get("issuer"), "OIDC_ISSUER");
    clientId = first(clientId, known.get("clientId"), "OIDC_CLIENT_ID");
    audience = first(audience, known.get("audience"), "OIDC_AUDIENCE");
    if (issuer.isEmpty() || clientId.isEmpty()) {
      throw CliException.failure(
          url
              + " does not say where people log in; name it with --issuer and --client-id, or use an"
              + " API key");
    }
    return new OidcSettings(
        issuer, clientId, audience.isEmpty() ? Optional.empty() : Optional.of(audience));
  }

  private String first(
      String flag, @org.jspecify.annotations.Nullable String server, String variable) {
    if (!flag.isEmpty()) {
      return flag;
    }
    return server != null && !server.isEmpty()
        ? server
        : context.environment().getOrDefault(variable, "");
  }

  Tokens byBrowser() {
    return login(issuer -> BrowserLogin.login(issuer, port, this::visit));
  }

  Tokens byDevice() {
    return login(issuer -> DeviceLogin.login(issuer, this::invite));
  }

  private interface Login {
    Tokens at(Issuer issuer) throws LoginRefusedException, InterruptedException;
  }

  private Tokens login(Login login) {
    try (Issuer issuer = Issuer.discover(settings, trust)) {
      return login.at(issuer);
    } catch (LoginRefusedException e) {
      throw CliException.failure(
          settings.issuer() + " refused the login: " + e.getMessage() + " (credentials not saved)");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CliException.failure("interrupted (credentials not saved)");
    }
  }

  private void visit(URI page) {
    context.err().println("Log in with your browser. If it does not open, visit:");
    context.err().println(page);
    // Other users of this machine can see the page's address; it is of no use without the verifier.
    open(page);
  }

  /// Best effort: the address is shown too.
  private void open(URI page) {
    for (String directory :
        context.environment().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path opener = Path.of(directory).resolve("xdg-open");
      if (directory.startsWith("/") && Files.isExecutable(opener)) {
        try {
          new ProcessBuilder(opener.toString(), page.toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
        } catch (IOException _) {
          // the user visits it by hand
        }
        return;
      }
    }
  }

  private void invite(DeviceLogin.Invitation invitation) {
    context
        .err()
        .println("Visit " + invitation.url() + " and type in the code " + invitation.code());
    invitation.whole().ifPresent(url -> context.err().println("or visit " + url));
  }

  /// Adds what the next tokens are asked for with.
  void addTo(Map<String, String> entries) {
    entries.put(Profiles.AUTH_METHOD, OidcSession.METHOD);
    entries.put(OidcSession.ISSUER, settings.issuer());
    entries.put(OidcSession.CLIENT_ID, settings.clientId());
    settings.audience().ifPresent(text -> entries.put(OidcSession.AUDIENCE, text));
  }
}
