package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// The tokens that token servers gave us, until they expire: Docker's token authentication, by GET
/// and, with a refresh token, by OAuth 2. Thread-safe.
final class Tokens {
  private static final int MAX_ANSWER = 1 << 20;
  private static final int MAX_KEPT = 500;
  private static final long DEFAULT_SECONDS = 60; // what the specification says
  private static final long MAX_SECONDS = TimeUnit.DAYS.toSeconds(1);

  /// Whom a token is for, and what.
  ///
  /// @param realm the token server
  /// @param service the registry, as it calls itself
  /// @param scope what the token allows
  /// @param login of the user; anonymous when empty
  record Key(URI realm, String service, String scope, Optional<Login> login) {}

  private record Token(String value, long expiresNanos) {
    @Override
    public String toString() {
      return "Token[]";
    }
  }

  private static final class Slot {
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<Token> token = Optional.empty();
  }

  private final Patience patience;

  private final Map<Key, Slot> slots =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Slot> eldest) {
          return size() > MAX_KEPT;
        }
      };

  Tokens(Patience patience) {
    this.patience = patience;
  }

  private Slot slot(Key key) {
    synchronized (slots) {
      return slots.computeIfAbsent(key, _ -> new Slot());
    }
  }

  /// {@return a token that has not expired} One thread asks for it, others wait.
  ///
  /// @param endpoint of the registry that wants it
  String get(Key key, Endpoint endpoint) {
    Slot slot = slot(key);
    try {
      slot.lock.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted(e);
    }
    try {
      Optional<Token> kept = slot.token;
      if (kept.isEmpty() || kept.get().expiresNanos - System.nanoTime() <= 0) {
        slot.token = Optional.of(fetch(key, endpoint));
      }
      return slot.token.orElseThrow().value;
    } finally {
      slot.lock.unlock();
    }
  }

  /// Drops a token that the registry refused, unless there is another one by now.
  ///
  /// @param authorization with which it was sent
  void forget(Key key, String authorization) {
    Slot slot = slot(key);
    slot.lock.lock();
    try {
      slot.token = slot.token.filter(token -> !authorization.equals("Bearer " + token.value));
    } finally {
      slot.lock.unlock();
    }
  }

  private Token fetch(Key key, Endpoint endpoint) {
    Tries tries = new Tries(patience);
    String server = key.realm.getHost();
    String what = "token for " + endpoint.name();
    while (true) {
      try (Answer answer = ask(key, endpoint)) {
        int status = answer.status();
        if (status == 200) {
          return read(answer, server, what);
        }
        Optional<java.time.Duration> retryAfter = Errors.retryAfter(answer);
        BoxliteException failure = Errors.of(answer, server, what, key.login.isPresent());
        if (RegistryCaller.isTransient(status)) {
          throw new TransientException(failure, retryAfter);
        }
        throw status == 400 || status == 401 || status == 403
            ? refused(failure, key, endpoint)
            : failure;
      } catch (IOException e) {
        try {
          throw Errors.lost(server, what, e);
        } catch (TransientException lost) {
          tries.failed(lost);
        }
      } catch (TransientException e) {
        tries.failed(e);
      }
    }
  }

  private static ImageException refused(BoxliteException cause, Key key, Endpoint endpoint) {
    return new ImageException(
        "unauthorized",
        "cannot log in at "
            + endpoint.name()
            + ": "
            + key.realm.getHost()
            + (key.login.isPresent()
                ? " does not accept the credentials; renew them"
                : " gives no anonymous token; log in")
            + " (docker login "
            + endpoint.name()
            + ", or image_registries of the configuration)",
        cause,
        Map.of("registry", endpoint.name()));
  }

  private static Answer ask(Key key, Endpoint endpoint) throws IOException {
    Map<String, String> fields = new LinkedHashMap<>();
    if (!key.service.isEmpty()) {
      fields.put("service", key.service);
    }
    fields.put("scope", key.scope);
    Map<String, String> accept = Map.of("Accept", "application/json");
    if (key.login.orElse(null) instanceof Login.RefreshToken(String refresh)) {
      fields.put("grant_type", "refresh_token");
      fields.put("client_id", "boxlite");
      fields.put("refresh_token", refresh);
      Map<String, String> headers = new LinkedHashMap<>(accept);
      headers.put("Content-Type", "application/x-www-form-urlencoded");
      return endpoint.send(
          new Outgoing(
              "POST",
              key.realm,
              headers,
              HttpRequest.BodyPublishers.ofString(form(fields)),
              Transport.Sending.NOTHING),
          Optional.empty());
    }
    Optional<String> authorization = Optional.empty();
    if (key.login.orElse(null) instanceof Login.Password password) {
      fields.put("account", password.username());
      authorization = Optional.of(password.header());
    }
    String query = form(fields);
    String before = key.realm.toString();
    URI uri = URI.create(before + (before.contains("?") ? "&" : "?") + query);
    return endpoint.send(Outgoing.of("GET", uri, accept), authorization);
  }

  // A scope may be several, separated by spaces; servers want one field each.
  private static String form(Map<String, String> fields) {
    StringBuilder form = new StringBuilder();
    fields.forEach((name, value) -> {
      boolean several = name.equals("scope") && !fields.containsKey("grant_type");
      for (String one : several ? value.split(" ", -1) : new String[] {value}) {
        form.append(form.isEmpty() ? "" : "&")
            .append(name)
            .append('=')
            .append(URLEncoder.encode(one, UTF_8));
      }
    });
    return form.toString();
  }

  private static Token read(Answer answer, String server, String what) throws IOException {
    byte[] body = answer.read(MAX_ANSWER);
    Map<String, Object> document;
    try {
      document = OciJson.object(body, "token");
    } catch (ImageException e) {
      throw Errors.badAnswer(server, what, "its answer is no JSON");
    }
    Object value =
        document.get("token") instanceof String token && !token.isEmpty()
            ? token
            : document.get("access_token");
    if (!(value instanceof String token)
        || token.isEmpty()
        || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw Errors.badAnswer(server, what, "its answer has no token");
    }
    long seconds =
        document.get("expires_in") instanceof Number number && number.longValue() > 0
            ? Math.min(number.longValue(), MAX_SECONDS)
            : DEFAULT_SECONDS;
    // A tenth early: it takes time to get there, and clocks differ.
    return new Token(token, System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) * 9 / 10);
  }
}
