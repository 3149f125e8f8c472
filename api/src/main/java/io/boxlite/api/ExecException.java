package io.boxlite.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A command could not be started. A command that ran and ended with a non-zero code is a result,
/// not an exception.
///
/// Immutable.
///
/// @since 0.1
public final class ExecException extends BoxliteException {
  private static final long serialVersionUID = 1L;

  /// Makes one without a cause; see [BoxliteException] for the arguments.
  ///
  /// @param reason stable lower_snake detail
  /// @param message what failed, why, and the way out; without the prefix of the kind
  public ExecException(String reason, String message) {
    this(reason, message, null, Map.of());
  }

  /// Makes one with a cause; see [BoxliteException] for the arguments.
  ///
  /// @param reason stable lower_snake detail
  /// @param message what failed, why, and the way out; without the prefix of the kind
  /// @param cause what led to it, or null
  /// @param details further facts for programs
  public ExecException(
      String reason, String message, @Nullable Throwable cause, Map<String, String> details) {
    super(ErrorCode.EXEC, reason, message, cause, details);
  }
}
