package io.boxlite.server;

import io.boxlite.rest.Scopes;
import java.net.URI;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;

/// Who may do what at one [TcpListener]. Thread-safe.
final class Access {
  private static final int MAX_REQUESTS = 1024; // that are worked on at once
  private static final String SCHEME = "bearer ";
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final ApiKeys keys;
  private final Optional<byte[]> ownKey;
  private final boolean needsKey;
  private final boolean hostPaths;
  private final boolean loopback;
  private final Semaphore requests = new Semaphore(MAX_REQUESTS);

  Access(
      ApiKeys keys,
      Optional<byte[]> ownKey,
      boolean needsKey,
      boolean hostPaths,
      boolean loopback) {
    this.keys = keys;
    this.ownKey = ownKey;
    this.needsKey = needsKey;
    this.hostPaths = hostPaths;
    this.loopback = loopback;
  }

  /// {@return who sends a request; empty for one without a key that counts}
  Optional<Principal> principal(Request request) {
    if (!needsKey) {
      return Optional.of(
          new Principal("local-anonymous", Set.copyOf(Scopes.ALL), false, hostPaths));
    }
    String sent = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    if (sent == null || !sent.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      return Optional.empty();
    }
    byte[] digest = Sha256.of(sent.substring(SCHEME.length()).strip());
    Optional<Principal> stored = keys.find(digest, hostPaths);
    if (stored.isEmpty() && ownKey.isPresent() && MessageDigest.isEqual(ownKey.get(), digest)) {
      return Optional.of(new Principal("serve", Set.copyOf(Scopes.ALL), false, hostPaths));
    }
    return stored;
  }

  /// Whether a page of another site may have sent a request, in a browser of whoever can reach this
  /// port: one that says so itself, or that reached a loopback address by a name of its own.
  boolean isForeign(Request request) {
    String host = request.getHeaders().get(HttpHeader.HOST);
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origin != null && !origin.equals("null") && host != null) {
      try {
        return !host.equalsIgnoreCase(URI.create(origin).getRawAuthority());
      } catch (IllegalArgumentException e) {
        return true;
      }
    }
    return origin != null || (loopback && !needsKey && host != null && !isLoopback(host));
  }

  private static boolean isLoopback(String host) {
    String name = host.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
    return LOOPBACK.contains(name);
  }

  /// Takes one of the places for requests.
  ///
  /// @return false when there is none
  boolean enter() {
    return requests.tryAcquire();
  }

  /// Gives it back.
  void leave() {
    requests.release();
  }
}
