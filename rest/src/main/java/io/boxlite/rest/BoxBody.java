package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A box, as every answer shows it. Dates are RFC 3339. Immutable.
///
/// @param boxId its id
/// @param name its name, if it has one
/// @param status wire name of its state
/// @param createdAt when it was made
/// @param updatedAt when its state last changed
/// @param pid process id of its VM, while it is active
/// @param image its image, or `rootfs:` and a path
/// @param cpus virtual CPUs
/// @param memoryMib memory in MiB
/// @param labels always empty in this version
/// @param autoPause idle seconds until it is paused, 0: never
/// @param autoStop the same under its newer name
/// @param autoDelete 1 when it is removed as it stops, else 0
/// @param autoResume always true
/// @param exitCode how its main command ended, once it has
/// @param detach whether it outlives the program that made it
/// @param autoRemove whether it is removed when it stops
/// @param tty whether its main command has a terminal
/// @param network its network
/// @param errorReason why it failed
/// @param healthStatus what its health check came to, while it runs and has one
/// @param restartCount how often it was started again by itself since a user started it
/// @param restarting whether it does not run and will be started again by itself
/// @param bootTiming stages of its last start
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record BoxBody(
    String boxId,
    @Nullable String name,
    String status,
    String createdAt,
    String updatedAt,
    @Nullable Long pid,
    String image,
    int cpus,
    int memoryMib,
    @Nullable Map<String, String> labels,
    int autoPause,
    int autoStop,
    int autoDelete,
    boolean autoResume,
    @Nullable Integer exitCode,
    boolean detach,
    boolean autoRemove,
    boolean tty,
    @Nullable NetworkInfoBody network,
    @Nullable String errorReason,
    @Nullable HealthStatusBody healthStatus,
    @Nullable Integer restartCount,
    @Nullable Boolean restarting,
    @Nullable BootTimingBody bootTiming) {}
