package io.boxlite.image.internal.registry;

import io.boxlite.api.BoxliteException;
import java.time.Duration;
import java.util.Optional;

/// A failure that may be gone at the next try. Holds what is told when it is not.
final class TransientException extends Exception {
  private static final long serialVersionUID = 1L;

  private final BoxliteException told;

  @SuppressWarnings("serial") // never serialized; it does not leave this package
  private final Optional<Duration> retryAfter;

  TransientException(BoxliteException told, Optional<Duration> retryAfter) {
    super(told);
    this.told = told;
    this.retryAfter = retryAfter;
  }

  BoxliteException told() {
    return told;
  }

  /// {@return how long the registry wishes to be left alone}
  Optional<Duration> retryAfter() {
    return retryAfter;
  }
}
