package io.boxlite.vmm;

import java.time.Duration;

/// What a VM costs the host. Immutable.
///
/// @param cpuTime CPU time used since it started, user and system
/// @param residentBytes resident memory of the process, in bytes; shared pages count in full
/// @since 0.1
public record VmUsage(Duration cpuTime, long residentBytes) {}
