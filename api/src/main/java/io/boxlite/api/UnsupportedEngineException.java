package io.boxlite.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// No engine on this host can run boxes: no QEMU, an unknown platform, or a demanded accelerator
/// that does not exist here.
///
/// Immutable.
///
/// @since 0.1
public final class UnsupportedEngineException extends BoxliteException {
  private static final long serialVersionUID = 1L;

  /// Makes one without a cause; see [BoxliteException] for the arguments.
  ///
  /// @param reason stable lower_snake detail
  /// @param message what failed, why, and the way out; without the prefix of the kind
  public UnsupportedEngineException(String reason, String message) {
    this(reason, message, null, Map.of());
  }

  /// Makes one with a cause; see [BoxliteException] for the arguments.
  ///
  /// @param reason stable lower_snake detail
  /// @param message what failed, why, and the way out; without the prefix of the kind
  /// @param cause what led to it, or null
  /// @param details further facts for programs
  public UnsupportedEngineException(
      String reason, String message, @Nullable Throwable cause, Map<String, String> details) {
    super(ErrorCode.UNSUPPORTED_ENGINE, reason, message, cause, details);
  }
}
