package io.boxlite.api;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// Figures of one box. Immutable.
///
/// @param commandsExecuted execs that were asked for since the supervisor took the box over
/// @param execErrors of these, how many could not be started
/// @param cpuTime CPU time that the VM has used on the host, while it runs
/// @param cpuPercent share of one host CPU since the VM started, in percent; may exceed 100
/// @param memoryBytes resident memory of the VM process on the host, in bytes
/// @param boot stage times of the last start
/// @since 0.1
public record BoxMetrics(
    long commandsExecuted,
    long execErrors,
    Optional<Duration> cpuTime,
    OptionalDouble cpuPercent,
    OptionalLong memoryBytes,
    Optional<BootTiming> boot) {}
