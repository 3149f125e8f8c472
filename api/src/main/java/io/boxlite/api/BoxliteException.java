package io.boxlite.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The root of every failure that BoxLite reports. Its message begins with the prefix of its kind
/// and names the thing, the cause and the way out. Programs decide by class, [#code()] and
/// [#reason()], never by text.
///
/// Subclasses may be added in minor releases: keep a `default` in a `switch` over them.
///
/// Immutable.
///
/// @since 0.1
public abstract sealed class BoxliteException extends RuntimeException
    permits AlreadyExistsException,
        ConfigException,
        EngineException,
        ExecException,
        ImageException,
        InternalException,
        InvalidStateException,
        NetworkException,
        NotFoundException,
        PortalException,
        StorageException,
        UnsupportedEngineException {
  private static final long serialVersionUID = 1L;

  /// The kind.
  private final ErrorCode code;

  /// The stable detail.
  private final String reason;

  /// Further facts; always an immutable, serializable map.
  @SuppressWarnings("serial") // Map.copyOf is serializable
  private final Map<String, String> details;

  BoxliteException(
      ErrorCode code,
      String reason,
      String message,
      @Nullable Throwable cause,
      Map<String, String> details) {
    super(prefixed(code, message), cause);
    this.code = code;
    this.reason = reason;
    this.details = Map.copyOf(details);
  }

  /// Makes the exception of a kind that came over a wire.
  ///
  /// @param code the kind
  /// @param reason stable lower_snake detail, may be empty
  /// @param message with or without the prefix of the kind
  /// @param details further facts
  /// @return the exception, not thrown
  public static BoxliteException of(
      ErrorCode code, String reason, String message, Map<String, String> details) {
    return switch (code) {
      case UNSUPPORTED_ENGINE -> new UnsupportedEngineException(reason, message, null, details);
      case ENGINE -> new EngineException(reason, message, null, details);
      case CONFIG -> new ConfigException(reason, message, null, details);
      case STORAGE -> new StorageException(reason, message, null, details);
      case IMAGE -> new ImageException(reason, message, null, details);
      case PORTAL -> new PortalException(reason, message, null, details);
      case NETWORK -> new NetworkException(reason, message, null, details);
      case EXEC -> new ExecException(reason, message, null, details);
      case INTERNAL -> new InternalException(reason, message, null, details);
      case NOT_FOUND -> new NotFoundException(reason, message, null, details);
      case ALREADY_EXISTS -> new AlreadyExistsException(reason, message, null, details);
      case INVALID_STATE -> new InvalidStateException(reason, message, null, details);
    };
  }

  private static String prefixed(ErrorCode code, String message) {
    return message.startsWith(code.messagePrefix()) ? message : code.messagePrefix() + message;
  }

  /// {@return the kind}
  public final ErrorCode code() {
    return code;
  }

  /// {@return a stable lower_snake detail such as `digest_mismatch`; may be empty}
  public final String reason() {
    return reason;
  }

  /// {@return further facts for programs, immutable}
  public final Map<String, String> details() {
    return details;
  }
}
