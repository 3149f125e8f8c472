package io.boxlite.api;

/// The twelve kinds of error, and what each is called at every boundary: one table for library,
/// server, client and command line.
///
/// @since 0.1
public enum ErrorCode {
  /// No engine can run boxes here.
  UNSUPPORTED_ENGINE("unsupported", "UnsupportedError", 400, "unsupported engine kind: "),
  /// The VM monitor failed.
  ENGINE("engine_unavailable", "EngineError", 503, "engine reported an error: "),
  /// Options or configuration are invalid.
  CONFIG("invalid_argument", "InvalidArgumentError", 400, "configuration error: "),
  /// A disk, file or database operation failed.
  STORAGE("storage_error", "StorageError", 500, "storage error: "),
  /// An image could not be had.
  IMAGE("image_pull_failed", "ImageError", 422, "images error: "),
  /// The guest agent cannot be reached.
  PORTAL("upstream_unavailable", "UpstreamUnavailableError", 503, "portal error: "),
  /// Networking of the host failed.
  NETWORK("network_unavailable", "NetworkError", 503, "network error: "),
  /// A command could not be started.
  EXEC("execution_failed", "ExecutionError", 422, "Execution error: "),
  /// A defect of BoxLite.
  INTERNAL("internal", "InternalError", 500, "internal error: "),
  /// Something named does not exist. The prefix names what: it is part of the message.
  NOT_FOUND("not_found", "NotFoundError", 404, ""),
  /// A name or id is taken.
  ALREADY_EXISTS("already_exists", "AlreadyExistsError", 409, "already exists: "),
  /// The operation is not legal now.
  INVALID_STATE("invalid_state", "InvalidStateError", 409, "invalid state: ");

  private final String wireCode;
  private final String wireType;
  private final int httpStatus;
  private final String messagePrefix;

  ErrorCode(String wireCode, String wireType, int httpStatus, String messagePrefix) {
    this.wireCode = wireCode;
    this.wireType = wireType;
    this.httpStatus = httpStatus;
    this.messagePrefix = messagePrefix;
  }

  /// {@return the `code` of the REST error envelope}
  public String wireCode() {
    return wireCode;
  }

  /// {@return the `type` of the REST error envelope}
  public String wireType() {
    return wireType;
  }

  /// {@return the HTTP status of an answer that carries this kind}
  public int httpStatus() {
    return httpStatus;
  }

  /// {@return what every message of this kind begins with}
  public String messagePrefix() {
    return messagePrefix;
  }
}
