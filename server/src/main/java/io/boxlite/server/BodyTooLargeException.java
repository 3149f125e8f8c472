package io.boxlite.server;

/// A body is larger than its route takes.
final class BodyTooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BodyTooLargeException(int limit) {
    super("request body is larger than " + limit + " bytes");
  }
}
