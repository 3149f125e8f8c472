package io.boxlite.api;

import java.nio.charset.StandardCharsets;

/// The collected result of a command. Immutable by convention: the arrays are not copied.
///
/// @param exit how it ended
/// @param stdoutBytes all it wrote to stdout
/// @param stderrBytes all it wrote to stderr
/// @since 0.1
@SuppressWarnings("ArrayRecordComponent")
public record ExecResult(ExitStatus exit, byte[] stdoutBytes, byte[] stderrBytes) {
  /// {@return the exit code, or 128 + signal}
  public int exitCode() {
    return exit.shellCode();
  }

  /// {@return stdout, decoded as UTF-8}
  public String stdout() {
    return new String(stdoutBytes, StandardCharsets.UTF_8);
  }

  /// {@return stderr, decoded as UTF-8}
  public String stderr() {
    return new String(stderrBytes, StandardCharsets.UTF_8);
  }
}
