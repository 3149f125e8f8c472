package io.boxlite.api;

/// How a command ended. Immutable.
///
/// @param code exit code 0 to 255; 0 when a signal ended it
/// @param signal number of the signal that ended it, or 0
/// @param timedOut whether it was ended because its timeout ran out
/// @since 0.1
public record ExitStatus(int code, int signal, boolean timedOut) {
  /// {@return the code as a shell gives it: the exit code, or 128 + signal}
  public int shellCode() {
    return signal == 0 ? code : 128 + signal;
  }
}
