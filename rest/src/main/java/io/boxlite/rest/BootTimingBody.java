package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Stages of a start, in milliseconds. They overlap. Immutable.
///
/// @param origin where the VM came from: `cold`, `template` or `warm`
/// @param totalCreateMs all
/// @param guestBootMs until the agent was ready
/// @param filesystemSetupMs making the disks
/// @param imagePrepareMs image and layers
/// @param guestRootfsMs always 0: it is no stage here
/// @param boxConfigMs the container's configuration
/// @param boxSpawnMs start of the VM monitor
/// @param containerInitMs mounts and running init
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record BootTimingBody(
    @Nullable String origin,
    @Nullable Long totalCreateMs,
    @Nullable Long guestBootMs,
    @Nullable Long filesystemSetupMs,
    @Nullable Long imagePrepareMs,
    @Nullable Long guestRootfsMs,
    @Nullable Long boxConfigMs,
    @Nullable Long boxSpawnMs,
    @Nullable Long containerInitMs) {}
