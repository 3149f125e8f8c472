package io.boxlite.cli.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// One verb. Confined to one thread.
///
/// Specifications are built by hand instead of from annotations: reflection over annotations costs
/// 50 ms of every start.
///
/// @since 0.1
public interface Command {
  /// {@return the flags and arguments of this verb, without the global ones}
  CommandSpec spec();

  /// Does it.
  ///
  /// @param parsed the arguments
  /// @param context the world around
  /// @return the exit code
  /// @throws CliException if it fails
  /// @throws io.boxlite.api.BoxliteException if the runtime reports a failure
  /// @throws java.io.IOException if a stream or file fails
  /// @throws InterruptedException if the calling thread is interrupted
  int run(ParseResult parsed, CliContext context) throws java.io.IOException, InterruptedException;

  /// Brings the arguments of this verb into the order that its specification expects.
  ///
  /// @param arguments without the verb
  /// @param specified the specification with the global flags
  /// @return the arguments to parse
  default String[] arrange(String[] arguments, CommandSpec specified) {
    return arguments;
  }
}
