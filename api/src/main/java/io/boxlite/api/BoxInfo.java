package io.boxlite.api;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What a box was at one moment. Immutable.
///
/// @param id ULID
/// @param name unique name, if it has one
/// @param status state
/// @param createdAt when it was made
/// @param updatedAt when its state last changed
/// @param pid process id of its VM on the host, while it is active
/// @param image reference of its image, or `rootfs:` and a path
/// @param cpus virtual CPUs
/// @param memoryMib memory in MiB
/// @param exitCode how its main command ended in the last run: its code, or 128 + signal
/// @param errorReason why it is `failed`, or why its VM ended
/// @param detach whether it outlives the program that made it
/// @param autoRemove whether it is removed when it stops
/// @param tty whether its main command has a terminal
/// @param network its network
/// @param health what its health check came to, while it runs and has one
/// @param restartCount how often it was started again by itself since a user started it
/// @param restarting whether it does not run and will be started again by itself
/// @param boot stage times of its last start by this runtime
/// @since 0.1
public record BoxInfo(
    String id,
    Optional<String> name,
    BoxStatus status,
    Instant createdAt,
    Instant updatedAt,
    OptionalLong pid,
    String image,
    int cpus,
    int memoryMib,
    OptionalInt exitCode,
    Optional<String> errorReason,
    boolean detach,
    boolean autoRemove,
    boolean tty,
    NetworkInfo network,
    Optional<HealthStatus> health,
    int restartCount,
    boolean restarting,
    Optional<BootTiming> boot) {}
