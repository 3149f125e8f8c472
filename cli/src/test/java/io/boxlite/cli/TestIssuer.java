package io.boxlite.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// An issuer of tokens and, at the same port, a server that takes them: what a browser asks for, it
/// gets without a password. A refresh token is good for once.
final class TestIssuer implements AutoCloseable {
  /// What an answer is, in place of the right one.
  record Answer(int status, String body) {}

  final Map<String, Answer> instead = new ConcurrentHashMap<>();
  final Set<String> accepted = ConcurrentHashMap.newKeySet();
  final List<Map<String, String>> forms = new CopyOnWriteArrayList<>();
  final Deque<String> devicePolls = new ArrayDeque<>();
  final AtomicInteger refreshed = new AtomicInteger();
  volatile int lifetime = 3600;
  volatile String nonce = "";
  private volatile String challenge = "";
  private volatile String refresh = "";
  private final AtomicInteger count = new AtomicInteger();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer http;

  TestIssuer() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    http.setExecutor(threads);
    http.createContext("/", this::handle);
    http.start();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  String issuer() {
    return url() + "/o";
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Map<String, String> form =
        pairs(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    if (!form.isEmpty()) {
      forms.add(form);
    }
    Answer answer = instead.get(path);
    if (answer == null) {
      answer =
          switch (path) {
            case "/config" ->
                new Answer(
                    200,
                    "{\"oidc\":{\"issuer\":\"%s\",\"clientId\":\"cli\",\"audience\":\"boxes\"}}"
                        .formatted(issuer()));
            case "/v1/me" -> me(exchange);
            case "/o/.well-known/openid-configuration" -> document();
            case "/o/authorize" -> authorize(exchange);
            case "/o/device/code" ->
                new Answer(
                    200,
                    """
                    {"device_code":"device","user_code":"ABCD-EFGH","expires_in":60,"interval":0.05,
                     "verification_uri":"%s/activate"}\
                    """
                        .formatted(issuer()));
            case "/o/token" -> token(form);
            case "/o/revoke" -> revoke(form);
            case "/v1/config" -> new Answer(200, "{\"capabilities\":{}}");
            default -> new Answer(404, "");
          };
    }
    byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(answer.status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private Answer me(HttpExchange exchange) {
    String shown = exchange.getRequestHeaders().getFirst("Authorization");
    return shown != null && accepted.contains(shown.replace("Bearer ", ""))
        ? new Answer(
            200,
            "{\"sub\":\"u1\",\"principal_type\":\"user\",\"scopes\":[],\"email\":\"a@b.test\"}")
        : new Answer(401, "{\"error\":{\"message\":\"no\",\"type\":\"x\",\"code\":\"config\"}}");
  }

  private Answer document() {
    return new Answer(
        200,
        """
        {"issuer":"%1$s","authorization_endpoint":"%1$s/authorize","token_endpoint":"%1$s/token",
         "revocation_endpoint":"%1$s/revoke"}\
        """
            .formatted(issuer()));
  }

  private Answer authorize(HttpExchange exchange) {
    Map<String, String> query = pairs(exchange.getRequestURI().getRawQuery());
    nonce = query.getOrDefault("nonce", "");
    challenge = query.getOrDefault("code_challenge", "");
    forms.add(query);
    exchange
        .getResponseHeaders()
        .set("Location", query.get("redirect_uri") + "?code=c1&state=" + query.get("state"));
    return new Answer(302, "");
  }

  private synchronized Answer token(Map<String, String> form) {
    boolean good =
        switch (form.getOrDefault("grant_type", "")) {
          case "authorization_code" ->
              "c1".equals(form.get("code")) && challenge.equals(digest(form.get("code_verifier")));
          case "refresh_token" -> {
            refreshed.incrementAndGet();
            yield !refresh.isEmpty() && refresh.equals(form.get("refresh_token"));
          }
          default -> "device".equals(form.get("device_code"));
        };
    if (!good) {
      return new Answer(400, "{\"error\":\"invalid_grant\",\"error_description\":\"worthless\"}");
    }
    if (!devicePolls.isEmpty() && form.containsKey("device_code")) {
      return new Answer(400, "{\"error\":\"" + devicePolls.poll() + "\"}");
    }
    int number = count.incrementAndGet();
    accepted.add("access-" + number);
    refresh = "refresh-" + number;
    return new Answer(
        200,
        """
        {"token_type":"bearer","access_token":"access-%d","refresh_token":"%s","expires_in":%d,
         "id_token":"%s"}\
        """
            .formatted(number, refresh, lifetime, idToken(issuer(), nonce)));
  }

  static String idToken(String issuer, String nonce) {
    String claims =
        "{\"iss\":\"%s\",\"aud\":[\"cli\"],\"sub\":\"u1\",\"nonce\":\"%s\"}"
            .formatted(issuer, nonce);
    return "e30."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.getBytes(StandardCharsets.UTF_8))
        + ".sig";
  }

  private Answer revoke(Map<String, String> form) {
    if (refresh.equals(form.get("token"))) {
      refresh = "";
    }
    return new Answer(200, "{}");
  }

  /// What no refresh token is good for any more.
  void forgetSessions() {
    refresh = "";
  }

  private static String digest(String verifier) {
    try {
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(
              MessageDigest.getInstance("SHA-256")
                  .digest(verifier.getBytes(StandardCharsets.US_ASCII)));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, String> pairs(String text) {
    Map<String, String> pairs = new HashMap<>();
    for (String pair : text.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        pairs.put(
            pair.substring(0, equals),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return pairs;
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
