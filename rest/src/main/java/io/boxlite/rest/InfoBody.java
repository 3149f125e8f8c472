package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// What a runtime is and can do. Immutable.
///
/// @param version of BoxLite
/// @param home its directory
/// @param engine VM monitor and accelerator
/// @param virtualization `available`, or why not
/// @param os of the host
/// @param arch of the host
/// @param boxesTotal all boxes
/// @param boxesRunning running
/// @param boxesStopped stopped
/// @param boxesConfigured never started
/// @param imagesCount images
/// @param warmVms VMs that wait for a box; absent from older servers
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record InfoBody(
    String version,
    String home,
    String engine,
    String virtualization,
    String os,
    String arch,
    int boxesTotal,
    int boxesRunning,
    int boxesStopped,
    int boxesConfigured,
    int imagesCount,
    @Nullable Integer warmVms) {}
