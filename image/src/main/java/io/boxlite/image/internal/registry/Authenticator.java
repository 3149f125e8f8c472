package io.boxlite.image.internal.registry;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Logs in at one registry for one repository: learns from the first refusal how that is done, and
/// keeps doing it. Thread-safe.
final class Authenticator {
  private sealed interface Way {
    /// Nothing has been asked for yet.
    record None() implements Way {}

    record Fixed(String header) implements Way {
      @Override
      public String toString() {
        return "Fixed[]";
      }
    }

    record Token(Tokens.Key key) implements Way {}
  }

  private final Endpoint endpoint;
  private final Tokens tokens;
  private final Supplier<Optional<Login>> logins;
  private final String defaultScope;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean asked;
  private Optional<Login> login = Optional.empty();
  private volatile Way way = new Way.None();

  /// @param logins finds what is known to log in; asked when the registry first wants it
  /// @param defaultScope what is asked of a token server if the registry does not say it
  Authenticator(
      Endpoint endpoint, Tokens tokens, Supplier<Optional<Login>> logins, String defaultScope) {
    this.endpoint = endpoint;
    this.tokens = tokens;
    this.logins = logins;
    this.defaultScope = defaultScope;
  }

  private Optional<Login> login() {
    lock.lock();
    try {
      if (!asked) {
        login = logins.get();
        asked = true;
      }
      return login;
    } finally {
      lock.unlock();
    }
  }

  /// {@return whether more than an anonymous token is sent}
  boolean isLoggedIn() {
    return switch (way) {
      case Way.None() -> false;
      case Way.Fixed _ -> true;
      case Way.Token(Tokens.Key key) -> key.login().isPresent();
    };
  }

  /// {@return the value of `Authorization` for the next request, if one is needed} May ask a token
  /// server.
  Optional<String> authorization() {
    return switch (way) {
      case Way.None() -> Optional.empty();
      case Way.Fixed(String header) -> Optional.of(header);
      case Way.Token(Tokens.Key key) -> Optional.of("Bearer " + tokens.get(key, endpoint));
    };
  }

  /// Learns from status 401 how to log in.
  ///
  /// @param answer with that status
  /// @param sent `Authorization` of the request
  /// @return whether to try again
  /// @throws IOException if the registry names a token server that must not be used
  boolean challenged(Answer answer, Optional<String> sent) throws IOException {
    List<Challenge> challenges = Challenge.parse(answer.headers().allValues("WWW-Authenticate"));
    Optional<Challenge> bearer = find(challenges, "bearer");
    Optional<Login> known = login();
    Way next;
    if (known.orElse(null) instanceof Login.Bearer(String token)) {
      next = new Way.Fixed("Bearer " + token);
    } else if (bearer.isPresent() && !bearer.get().parameter("realm").isEmpty()) {
      next = new Way.Token(key(answer.uri(), bearer.get(), known));
    } else if (known.orElse(null) instanceof Login.Password password
        && (challenges.isEmpty() || find(challenges, "basic").isPresent())) {
      next = new Way.Fixed(password.header());
    } else {
      return false;
    }
    if (next instanceof Way.Token(Tokens.Key key)) {
      // A token that was just refused is no token; with another scope it is another one.
      sent.ifPresent(refused -> tokens.forget(key, refused));
      way = next;
      return true;
    }
    boolean other = !(next instanceof Way.Fixed(String header) && sent.equals(Optional.of(header)));
    way = next;
    return other;
  }

  private static Optional<Challenge> find(List<Challenge> challenges, String scheme) {
    return challenges.stream().filter(one -> one.scheme().equals(scheme)).findFirst();
  }

  private Tokens.Key key(URI registry, Challenge bearer, Optional<Login> known) throws IOException {
    URI realm = endpoint.target(registry, bearer.parameter("realm"));
    if (realm.getScheme().equals("http") && !registry.getScheme().equals("http")) {
      throw new ProtocolException("its token server is reached without TLS: " + realm.getHost());
    }
    String scope = bearer.parameter("scope");
    return new Tokens.Key(
        realm, bearer.parameter("service"), scope.isEmpty() ? defaultScope : scope, known);
  }
}
