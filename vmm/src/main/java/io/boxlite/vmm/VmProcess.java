package io.boxlite.vmm;

/// Names one process for good: a pid alone may be used again by another one. Immutable; meant to be
/// stored.
///
/// @param pid process id
/// @param startTime when the process started, in clock ticks since the host booted: field 22 of
///   `/proc/<pid>/stat`
/// @since 0.1
public record VmProcess(long pid, long startTime) {}
