package io.boxlite.image.internal.registry;

import java.time.Duration;

/// How long a registry is waited for, and how often it is asked. Immutable.
///
/// @param connect time for a connection
/// @param answer time until a request is answered, once all of it was sent
/// @param stall time without a byte after which a transfer is cut and resumed
/// @param backOff before the second try; doubles with each further one
/// @param retryAfter what of a registry's wish to be left alone is granted, at most
/// @param tries of one thing, in a row without progress
record Patience(
    Duration connect,
    Duration answer,
    Duration stall,
    Duration backOff,
    Duration retryAfter,
    int tries) {
  static final Patience DEFAULT =
      new Patience(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofMillis(400),
          Duration.ofSeconds(30),
          5);

  /// {@return the same, with other tries}
  ///
  /// @param number of tries
  Patience withTries(int number) {
    return new Patience(connect, answer, stall, backOff, retryAfter, number);
  }
}
