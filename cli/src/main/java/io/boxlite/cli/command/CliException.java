package io.boxlite.cli.command;

/// A command ends with one line on stderr and an exit code. Immutable.
///
/// @since 0.1
public final class CliException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// Exit code of a failure.
  public static final int FAILURE = 1;

  /// Exit code of a wrong use of the command line.
  public static final int USAGE = 2;

  /// What the process exits with.
  private final int exitCode;

  private CliException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /// {@return a failure, not thrown}
  ///
  /// @param message what failed; shown after `Error: `
  public static CliException failure(String message) {
    return new CliException(FAILURE, message);
  }

  /// {@return a wrong use of the command line, not thrown}
  ///
  /// @param message what is wrong; shown after `Error: `
  public static CliException usage(String message) {
    return new CliException(USAGE, message);
  }

  /// {@return what the process exits with}
  public int exitCode() {
    return exitCode;
  }
}
