package io.boxlite.api;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What to run in a box. Immutable; made by [#of(String...)] or a [Builder].
///
/// @param command program and arguments, at least the program
/// @param env variables on top of the box's
/// @param workingDir absolute directory; empty: the box's
/// @param user `<name|uid>[:<group|gid>]`; empty: the box's
/// @param tty whether it gets a terminal
/// @param rows of the terminal, 0: 24
/// @param cols of the terminal, 0: 80
/// @param timeout after which the command and its descendants are ended; empty: never
/// @param detach whether output is dropped from the start unless somebody attaches
/// @since 0.1
public record ExecOptions(
    List<String> command,
    Map<String, String> env,
    Optional<String> workingDir,
    Optional<String> user,
    boolean tty,
    int rows,
    int cols,
    Optional<Duration> timeout,
    boolean detach) {

  /// Checks and copies.
  ///
  /// @throws ConfigException if any value is invalid
  public ExecOptions {
    command = List.copyOf(command);
    env = Map.copyOf(env);
    new OptionChecks("exec")
        .require(!command.isEmpty(), "command", "must name a program")
        .noNul("command", command)
        .env(env)
        .absolute("working_dir", workingDir)
        .require(rows >= 0 && rows <= 65535, "rows", "must be between 1 and 65535")
        .require(cols >= 0 && cols <= 65535, "cols", "must be between 1 and 65535")
        .require(
            timeout.isEmpty() || !timeout.get().isNegative(), "timeout", "must not be negative")
        .throwIfAny();
  }

  /// A command with default options.
  ///
  /// @param command program and arguments
  /// @return the options
  public static ExecOptions of(String... command) {
    return builder(command).build();
  }

  /// {@return a builder for a command}
  ///
  /// @param command program and arguments
  public static Builder builder(String... command) {
    return new Builder(Arrays.asList(command));
  }

  /// Collects options; confined to one thread.
  ///
  /// @since 0.1
  public static final class Builder {
    private final List<String> command;
    private final Map<String, String> env = new LinkedHashMap<>();
    private Optional<String> workingDir = Optional.empty();
    private Optional<String> user = Optional.empty();
    private boolean tty;
    private int rows;
    private int cols;
    private Optional<Duration> timeout = Optional.empty();
    private boolean detach;

    private Builder(List<String> command) {
      this.command = command;
    }

    /// Sets one variable.
    ///
    /// @param name without `=`
    /// @param value any
    /// @return this
    public Builder env(String name, String value) {
      env.put(name, value);
      return this;
    }

    /// Sets variables.
    ///
    /// @param variables names and values
    /// @return this
    public Builder env(Map<String, String> variables) {
      env.putAll(variables);
      return this;
    }

    /// Sets the directory.
    ///
    /// @param directory absolute path in the box
    /// @return this
    public Builder workingDir(String directory) {
      workingDir = Optional.of(directory);
      return this;
    }

    /// Sets the user.
    ///
    /// @param spec `<name|uid>[:<group|gid>]`
    /// @return this
    public Builder user(String spec) {
      user = Optional.of(spec);
      return this;
    }

    /// Gives the command a terminal.
    ///
    /// @param on whether it has one
    /// @return this
    public Builder tty(boolean on) {
      tty = on;
      return this;
    }

    /// Sets the first size of the terminal.
    ///
    /// @param newRows 1 to 65535
    /// @param newCols 1 to 65535
    /// @return this
    public Builder size(int newRows, int newCols) {
      rows = newRows;
      cols = newCols;
      return this;
    }

    /// Ends the command after a time.
    ///
    /// @param limit how long it may run; zero: no limit
    /// @return this
    public Builder timeout(Duration limit) {
      timeout = limit.isZero() ? Optional.empty() : Optional.of(limit);
      return this;
    }

    /// Drops output from the start unless somebody attaches.
    ///
    /// @param on whether to
    /// @return this
    public Builder detach(boolean on) {
      detach = on;
      return this;
    }

    /// {@return the options}
    ///
    /// @throws ConfigException if any value is invalid
    public ExecOptions build() {
      return new ExecOptions(command, env, workingDir, user, tty, rows, cols, timeout, detach);
    }
  }
}
