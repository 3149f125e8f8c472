package io.boxlite.api;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// Figures of one box. Immutable. All are measured on the host: what the guest says of itself is
/// not believed.
///
/// @param commandsExecuted execs that were asked for since the supervisor took the box over
/// @param execErrors of these, how many could not be started
/// @param cpuTime CPU time that the VM has used on the host, while it runs
/// @param cpuPercent what the VM uses of one host CPU at present, in percent: 250 is two and a half
///   CPUs. Over the time since the last look at it, if that was between 250 ms and 10 s ago;
///   otherwise over 250 ms, for which [Box#metrics()] then waits. Empty while it does not run.
/// @param memoryBytes resident memory of the VM process on the host, in bytes, while it runs
/// @param diskBytes size of the file that is the box's own disk, in bytes; empty before the first
///   start
/// @param network what went over its network; empty for a box that has none
/// @param boot stage times of the last start
/// @since 0.1
public record BoxMetrics(
    long commandsExecuted,
    long execErrors,
    Optional<Duration> cpuTime,
    OptionalDouble cpuPercent,
    OptionalLong memoryBytes,
    OptionalLong diskBytes,
    Optional<NetworkMetrics> network,
    Optional<BootTiming> boot) {}
