package io.boxlite.cli.oidc;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.boxlite.api.NetworkException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// Logging in with the browser of this machine, which comes back to a port of the loopback. Source:
/// OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE, S256); RFC 8252; RFC 9207.
///
/// @since 0.1
public final class BrowserLogin {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final int RANDOM_BYTES = 32;
  private static final int MAX_QUERY = 16 * 1024;
  private static final String PATH = "/callback";

  private BrowserLogin() {}

  /// Waits until the user has logged in.
  ///
  /// @param port that the browser comes back to; 0: any
  /// @param show takes the user to a page
  /// @throws LoginRefusedException if the user or the issuer says no
  /// @throws NetworkException if nobody logs in in time, the port cannot be had, or the issuer does
  ///   not answer as one
  public static Tokens login(Issuer issuer, int port, Consumer<URI> show)
      throws LoginRefusedException, InterruptedException {
    URI authorization =
        issuer
            .endpoints()
            .authorization()
            .orElseThrow(() ->
                Issuer.unusable(
                    issuer.settings().issuer(),
                    "it has no authorization_endpoint; use --method device"));
    String state = random();
    String nonce = random();
    String verifier = random();
    CompletableFuture<Map<String, String>> returned = new CompletableFuture<>();
    Map<String, String> query;
    String redirect;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      HttpServer callback = callback(port, state, returned, threads);
      try {
        redirect = "http://127.0.0.1:" + callback.getAddress().getPort() + PATH;
        show.accept(request(authorization, issuer.settings(), redirect, state, nonce, verifier));
        query = await(returned);
      } finally {
        callback.stop(0);
        threads.shutdownNow();
      }
    }
    String from = query.get("iss");
    if (from != null && !from.equals(issuer.endpoints().issuer())) {
      throw Issuer.unusable(issuer.settings().issuer(), "another issuer answered");
    }
    if (query.containsKey("error")) {
      throw new LoginRefusedException(
          query.getOrDefault("error", ""), query.getOrDefault("error_description", ""));
    }
    Tokens tokens =
        issuer.token(
            Map.of(
                "grant_type",
                "authorization_code",
                "code",
                query.getOrDefault("code", ""),
                "redirect_uri",
                redirect,
                "code_verifier",
                verifier));
    IdToken.check(issuer, tokens, Optional.of(nonce));
    return tokens;
  }

  private static URI request(
      URI endpoint,
      OidcSettings settings,
      String redirect,
      String state,
      String nonce,
      String verifier) {
    Map<String, String> query = new LinkedHashMap<>();
    query.put("response_type", "code");
    query.put("client_id", settings.clientId());
    query.put("redirect_uri", redirect);
    query.put("scope", String.join(" ", Issuer.scopes()));
    query.put("state", state);
    query.put("nonce", nonce);
    query.put("code_challenge", challenge(verifier));
    query.put("code_challenge_method", "S256");
    settings.audience().ifPresent(audience -> query.put("audience", audience));
    String separator = endpoint.getRawQuery() == null ? "?" : "&";
    return URI.create(endpoint + separator + Issuer.form(query));
  }

  private static HttpServer callback(
      int port,
      String state,
      CompletableFuture<Map<String, String>> returned,
      ExecutorService threads) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 0);
      server.setExecutor(threads);
      server.createContext("/", exchange -> handle(exchange, state, returned));
      server.start();
      return server;
    } catch (IOException e) {
      throw new NetworkException(
          "port_unavailable",
          "the browser cannot come back to port "
              + port
              + ": "
              + e.getMessage()
              + "; name another with --callback-port, or use --no-browser",
          e,
          Map.of());
    }
  }

  /// Whoever comes without the state is somebody else, and the login goes on.
  private static void handle(
      HttpExchange exchange, String state, CompletableFuture<Map<String, String>> returned)
      throws IOException {
    URI uri = exchange.getRequestURI();
    Map<String, String> query = query(uri.getRawQuery());
    boolean known =
        exchange.getRequestMethod().equals("GET")
            && PATH.equals(uri.getPath())
            && MessageDigest.isEqual(
                state.getBytes(StandardCharsets.US_ASCII),
                query.getOrDefault("state", "").getBytes(StandardCharsets.UTF_8))
            && (query.containsKey("code") || query.containsKey("error"));
    String text =
        !known
            ? "This is not the login that is waited for."
            : query.containsKey("error")
                ? "The login was refused. The command says more."
                : "Logged in. You can close this page.";
    byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
    exchange.sendResponseHeaders(known ? 200 : 400, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
    if (known) {
      returned.complete(query);
    }
  }

  private static Map<String, String> query(@org.jspecify.annotations.Nullable String raw) {
    Map<String, String> query = new HashMap<>();
    if (raw == null || raw.length() > MAX_QUERY) {
      return query;
    }
    for (String pair : raw.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        try {
          query.put(pair.substring(0, equals), decoded(pair.substring(equals + 1)));
        } catch (IllegalArgumentException e) {
          return Map.of();
        }
      }
    }
    return query;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static Map<String, String> await(CompletableFuture<Map<String, String>> returned)
      throws InterruptedException {
    try {
      return returned.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NetworkException(
          "login_timeout",
          "nobody logged in within " + LIMIT.toSeconds() + " s; try again, or use --no-browser",
          e,
          Map.of());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String random() {
    byte[] bytes = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(bytes);
    return text(bytes);
  }

  private static String challenge(String verifier) {
    try {
      return text(
          MessageDigest.getInstance("SHA-256")
              .digest(verifier.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static String text(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
