package io.boxlite.api;

/// Counters of a runtime since its supervisor started. Immutable.
///
/// @param boxesCreated boxes made
/// @param boxesFailed starts that failed
/// @param boxesStopped boxes that stopped
/// @param runningBoxes boxes that are running now
/// @param commandsExecuted execs that were asked for
/// @param execErrors of these, how many could not be started
/// @since 0.1
public record RuntimeMetrics(
    long boxesCreated,
    long boxesFailed,
    long boxesStopped,
    long runningBoxes,
    long commandsExecuted,
    long execErrors) {}
