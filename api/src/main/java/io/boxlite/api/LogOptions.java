package io.boxlite.api;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/// What of a log is read, and how. Immutable. Times are those at which the runtime received the
/// output, by the clock of its host.
///
/// @param log which
/// @param follow whether it goes on with what is written later, until the box has stopped
/// @param tail how many of the last lines there are; empty for all. A line belongs to one output
///   stream, its place is that of its first byte. What is written later counts in any case.
/// @param since only what was written then or later; not for the console
/// @param until only what was written then or before; not for the console
/// @param timestamps whether each line begins with its time in UTC, such as
///   `2026-03-04T05:06:07.123456789Z`, and a space; not for the console
/// @since 0.1
public record LogOptions(
    BoxLog log,
    boolean follow,
    OptionalLong tail,
    Optional<Instant> since,
    Optional<Instant> until,
    boolean timestamps) {
  /// Checks them.
  ///
  /// @throws ConfigException if `tail` is negative, or the console is asked for times
  public LogOptions {
    new OptionChecks("log")
        .require(tail.orElse(0) >= 0, "tail", "must not be negative")
        .require(
            log != BoxLog.CONSOLE || (since.isEmpty() && until.isEmpty() && !timestamps),
            "since, until and timestamps",
            "are not for the console, which has no times")
        .throwIfAny();
  }

  /// Everything that was written until now.
  ///
  /// @param log which
  /// @return the options
  public static LogOptions of(BoxLog log) {
    return new LogOptions(
        log, false, OptionalLong.empty(), Optional.empty(), Optional.empty(), false);
  }

  /// {@return the same, going on with what is written later}
  public LogOptions following() {
    return new LogOptions(log, true, tail, since, until, timestamps);
  }

  /// {@return the same, of the last lines only}
  ///
  /// @param lines how many
  public LogOptions last(long lines) {
    return new LogOptions(log, follow, OptionalLong.of(lines), since, until, timestamps);
  }

  /// {@return the same, of what was written then or later}
  ///
  /// @param time when
  public LogOptions since(Instant time) {
    return new LogOptions(log, follow, tail, Optional.of(time), until, timestamps);
  }

  /// {@return the same, of what was written then or before}
  ///
  /// @param time when
  public LogOptions until(Instant time) {
    return new LogOptions(log, follow, tail, since, Optional.of(time), timestamps);
  }

  /// {@return the same, with the time at the beginning of each line}
  public LogOptions timestamped() {
    return new LogOptions(log, follow, tail, since, until, true);
  }
}
