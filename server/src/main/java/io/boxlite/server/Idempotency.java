package io.boxlite.server;

import io.boxlite.api.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;

/// Requests with the header `Idempotency-Key`: one that comes again gets the answer of the first,
/// and is not done again. Only answers of success are kept: what failed has changed nothing, and
/// may be tried again with the same key. Thread-safe.
final class Idempotency {
  static final String HEADER = "Idempotency-Key";
  static final String REPLAYED = "Idempotency-Replayed";
  private static final int MAX_KEY = 255;
  private static final int FIRST_FAILURE = 300;

  private final KeyedAnswers answers;

  /// Of keys whose request is being worked on.
  private final ConcurrentMap<String, CountDownLatch> running = new ConcurrentHashMap<>();

  Idempotency(KeyedAnswers answers) {
    this.answers = answers;
  }

  /// Handles a request, or answers as it was answered before. One that comes while the first is
  /// worked on waits for that.
  ///
  /// @param route does the work
  void handle(Exchange exchange, Router.Handler route) throws Exception {
    String key = exchange.request().getHeaders().get(HEADER);
    if (key == null) {
      route.handle(exchange);
      return;
    }
    check(key);
    String id = HexFormat.of().formatHex(Sha256.of(exchange.principal().name() + "\n" + key));
    CountDownLatch mine = new CountDownLatch(1);
    CountDownLatch other = running.putIfAbsent(id, mine);
    while (other != null) {
      other.await();
      other = running.putIfAbsent(id, mine);
    }
    try {
      handle(exchange, route, id, print(exchange, key));
    } finally {
      running.remove(id);
      mine.countDown();
    }
  }

  private void handle(Exchange exchange, Router.Handler route, String id, byte[] print)
      throws Exception {
    Optional<KeyedAnswers.Entry> known = answers.find(id);
    if (known.isPresent()) {
      replay(exchange, known.get(), print);
      return;
    }
    if (!answers.begin(id, print)) {
      throw new RefusedException(Refusal.TOO_MANY_KEYS, "");
    }
    boolean[] done = new boolean[1];
    exchange.beforeAnswer(answer -> {
      if (answer.status() < FIRST_FAILURE) {
        done[0] = true; // even if that cannot be written down: it must not be done again
        answers.end(id, print, answer);
      }
    });
    try {
      route.handle(exchange);
    } finally {
      if (!done[0]) {
        answers.forget(id);
      }
    }
  }

  private static void replay(Exchange exchange, KeyedAnswers.Entry known, byte[] print) {
    if (!known.isOf(print)) {
      throw new RefusedException(Refusal.KEY_REUSED, "");
    }
    KeyedAnswers.Answer answer =
        known.answer().orElseThrow(() -> new RefusedException(Refusal.OUTCOME_UNKNOWN, ""));
    exchange.header(REPLAYED, "true");
    exchange.replay(answer);
  }

  private static void check(String key) {
    boolean sane =
        !key.isEmpty()
            && key.length() <= MAX_KEY
            && key.chars().allMatch(c -> c >= ' ' && c < 0x7f);
    if (!sane) {
      throw new ConfigException(
          "invalid_idempotency_key",
          HEADER + " must be 1 to " + MAX_KEY + " visible ASCII characters, a UUID for instance");
    }
  }

  /// What makes two requests the same. With the key, which is kept nowhere: what a request says may
  /// be secret, and must not be guessed from this.
  private static byte[] print(Exchange exchange, String key) throws IOException {
    String method = exchange.request().getMethod();
    String path = exchange.request().getHttpURI().getPathQuery();
    MessageDigest digest = Sha256.begin();
    digest.update((key + "\n" + method + "\n" + path + "\n").getBytes(StandardCharsets.UTF_8));
    return digest.digest(exchange.bytes());
  }
}
