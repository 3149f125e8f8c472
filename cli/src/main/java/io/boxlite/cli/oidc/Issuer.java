package io.boxlite.cli.oidc;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.rest.JsonCodec;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/// An issuer of tokens. What it answers is bounded in size and time, and a redirect is not
/// followed: it could lead tokens elsewhere. Thread-safe.
///
/// @since 0.1
public final class Issuer implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int MAX_ANSWER = 256 * 1024;
  private static final int MAX_SHOWN = 200;
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;

  private final HttpClient http;
  private final OidcSettings settings;
  private final Endpoints endpoints;

  private Issuer(HttpClient http, OidcSettings settings, Endpoints endpoints) {
    this.http = http;
    this.settings = settings;
    this.endpoints = endpoints;
  }

  /// Asks an issuer where it takes what.
  ///
  /// @param trust makes connections to it
  /// @throws NetworkException if it does not answer, or not as an issuer
  public static Issuer discover(OidcSettings settings, SSLContext trust) {
    HttpClient http = client(trust);
    boolean found = false;
    try {
      URI document =
          URI.create(
              Endpoints.withoutSlash(settings.issuer()) + "/.well-known/openid-configuration");
      Answer answer = send(http, HttpRequest.newBuilder(document).build(), settings.issuer());
      if (answer.status != OK) {
        throw unusable(settings.issuer(), document + " answered " + answer.status);
      }
      Issuer issuer = new Issuer(http, settings, Endpoints.of(settings.issuer(), answer.object));
      found = true;
      return issuer;
    } finally {
      if (!found) {
        http.shutdownNow();
      }
    }
  }

  /// {@return what a server says about logging in, by the names `issuer`, `clientId`, `audience`}
  ///
  /// @param url of the server
  /// @param trust makes connections to it
  /// @throws NetworkException if it does not answer
  public static Map<String, String> advertised(URI url, SSLContext trust) {
    URI config = URI.create(Endpoints.withoutSlash(url.toString()) + "/config");
    try (HttpClient http = client(trust)) {
      Answer answer = send(http, HttpRequest.newBuilder(config).build(), url.toString());
      if (answer.status == OK && answer.object.get("oidc") instanceof Map<?, ?> oidc) {
        Optional<String> clientId =
            Endpoints.text(oidc, "clientId").or(() -> Endpoints.text(oidc, "client_id"));
        return Map.of(
            "issuer", Endpoints.text(oidc, "issuer").orElse(""),
            "clientId", clientId.orElse(""),
            "audience", Endpoints.text(oidc, "audience").orElse(""));
      }
      if (answer.status != OK && answer.status != NOT_FOUND) {
        throw unusable(url.toString(), config + " answered " + answer.status);
      }
      return Map.of();
    }
  }

  private static HttpClient client(SSLContext trust) {
    return HttpClient.newBuilder()
        .sslContext(trust)
        .connectTimeout(LIMIT)
        .followRedirects(HttpClient.Redirect.NEVER)
        .build();
  }

  OidcSettings settings() {
    return settings;
  }

  Endpoints endpoints() {
    return endpoints;
  }

  /// Asks for the tokens that follow some.
  ///
  /// @param refresh the refresh token; it may be worthless afterwards
  /// @throws LoginRefusedException if it is worthless
  /// @throws NetworkException if the issuer does not answer as one
  public Tokens refreshed(String refresh) throws LoginRefusedException {
    Tokens next = token(Map.of("grant_type", "refresh_token", "refresh_token", refresh));
    return next.refresh().isPresent()
        ? next
        : new Tokens(next.access(), Optional.of(refresh), next.id(), next.expiresAt());
  }

  /// Gives a token back. Source: RFC 7009.
  ///
  /// @param token of either kind
  /// @return whether the issuer takes tokens back, and took this one
  /// @throws NetworkException if it does not answer
  public boolean revoke(String token) {
    return endpoints.revocation().isPresent()
        && post(endpoints.revocation().get(), Map.of("token", token)).status == OK;
  }

  /// Asks for tokens.
  ///
  /// @param form without the client id
  Tokens token(Map<String, String> form) throws LoginRefusedException {
    Tokens tokens = Tokens.of(settings.issuer(), granted(endpoints.token(), form));
    return tokens;
  }

  /// {@return the answer to a request that may be refused}
  Map<?, ?> granted(URI endpoint, Map<String, String> form) throws LoginRefusedException {
    Answer answer = post(endpoint, form);
    if (answer.status == OK) {
      return answer.object;
    }
    Optional<String> error = Endpoints.text(answer.object, "error");
    if (error.isPresent()) {
      throw new LoginRefusedException(
          error.get(), Endpoints.text(answer.object, "error_description").orElse(""));
    }
    throw unusable(settings.issuer(), endpoint + " answered " + answer.status);
  }

  private Answer post(URI endpoint, Map<String, String> form) {
    String body = form(form) + "&client_id=" + encoded(settings.clientId());
    HttpRequest request =
        HttpRequest.newBuilder(endpoint)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return send(http, request, settings.issuer());
  }

  /// {@return names and values as a browser sends them}
  static String form(Map<String, String> values) {
    return values.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + encoded(entry.getValue()))
        .collect(Collectors.joining("&"));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// @param object what was answered; empty if that is no JSON object
  private record Answer(int status, Map<?, ?> object) {}

  private static Answer send(HttpClient http, HttpRequest request, String who) {
    CompletableFuture<HttpResponse<byte[]>> sent =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER));
    try {
      // The timeout of a request does not count its body.
      HttpResponse<byte[]> answer = sent.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      return new Answer(answer.statusCode(), object(answer.body()));
    } catch (TimeoutException e) {
      throw unreachable(who, new IOException("no answer within " + LIMIT.toSeconds() + " s", e));
    } catch (ExecutionException e) {
      throw unreachable(who, e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(who, e);
    } finally {
      sent.cancel(true);
    }
  }

  private static Map<?, ?> object(byte[] json) {
    try {
      return JsonCodec.readTree(json) instanceof Map<?, ?> object ? object : Map.of();
    } catch (ConfigException e) {
      return Map.of();
    }
  }

  private static NetworkException unreachable(String who, Throwable e) {
    String message =
        e instanceof ConnectException ? "nobody takes connections there" : e.getMessage();
    String reason = message == null ? e.getClass().getSimpleName() : message;
    return new NetworkException(
        "issuer_unreachable", "no answer from " + who + ": " + shown(reason), e, Map.of());
  }

  static NetworkException unusable(String issuer, String problem) {
    return new NetworkException("issuer_unusable", "cannot log in at " + issuer + ": " + problem);
  }

  /// {@return text of somebody else, made short and harmless for a terminal}
  static String shown(String text) {
    String harmless = text.replaceAll("\\p{C}", "?");
    return harmless.length() > MAX_SHOWN ? harmless.substring(0, MAX_SHOWN) + "…" : harmless;
  }

  /// {@return what a program like this one asks for}
  static List<String> scopes() {
    return List.of("openid", "profile", "email", "offline_access");
  }

  /// Ends its connections.
  @Override
  public void close() {
    http.shutdownNow();
  }
}
