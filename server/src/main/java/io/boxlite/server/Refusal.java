package io.boxlite.server;

/// Why a request is not taken to its route, and how that is told.
enum Refusal {
  NO_KEY(
      401,
      "AuthError",
      "unauthenticated",
      "invalid or missing API key; 'boxlite auth key create' on the server's machine makes one"),
  NO_SCOPE(403, "AuthError", "permission_denied", "this API key does not allow %s"),
  FOREIGN(
      403,
      "AuthError",
      "permission_denied",
      "this request comes from a page of another site, or by a name that is not this server's"),
  HOST_PATH(
      403,
      "AuthError",
      "permission_denied",
      "files and directories of the server's machine are not for remote clients (%s); use a named"
          + " volume or a copy, or start the server with --allow-host-paths"),
  BUSY(
      429,
      "ResourceExhaustedError",
      "resource_exhausted",
      "the server is working on as many requests as it takes at once; try again later"),
  TOO_MANY_KEYS(
      429,
      "ResourceExhaustedError",
      "resource_exhausted",
      "the server keeps as many answers for idempotency keys as it can; try again later, or send"
          + " the request without a key"),
  KEY_REUSED(
      422,
      "InvalidArgumentError",
      "invalid_argument",
      "this idempotency key came with another request before; use a new one for each operation"),
  OUTCOME_UNKNOWN(
      409,
      "InvalidStateError",
      "invalid_state",
      "the server ended while it worked on the request with this idempotency key; look whether it"
          + " was done, and use a new key if not"),
  CLOSING(503, "NetworkError", "network_unavailable", "the server is shutting down");

  final int status;
  final String type;
  final String code;
  final String message;

  Refusal(int status, String type, String code, String message) {
    this.status = status;
    this.type = type;
    this.code = code;
    this.message = message;
  }
}
