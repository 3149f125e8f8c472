package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// The state of a command. Immutable.
///
/// @param executionId its id
/// @param status `running`, `completed` or `timed_out`
/// @param exitCode once it ended and its result is known: the code, or minus the signal
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ExecutionBody(String executionId, String status, @Nullable Integer exitCode) {
  /// Status of a command that runs.
  public static final String RUNNING = "running";

  /// Status of a command that ended.
  public static final String COMPLETED = "completed";

  /// Status of a command that was ended because its timeout ran out.
  public static final String TIMED_OUT = "timed_out";
}
