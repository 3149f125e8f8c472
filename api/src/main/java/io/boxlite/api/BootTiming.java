package io.boxlite.api;

import java.time.Duration;

/// Stage times of a start. Immutable. Stages overlap: the VM is had while the box's files are made.
///
/// @param origin where the VM came from
/// @param total from the call to init running
/// @param imagePrepare finding the image and its layers
/// @param filesystemSetup making the disks
/// @param boxConfig the container's configuration
/// @param boxSpawn starting the VM monitor
/// @param guestBoot from there until the agent was ready
/// @param containerInit mounts, namespaces and running init
/// @since 0.1
public record BootTiming(
    StartOrigin origin,
    Duration total,
    Duration imagePrepare,
    Duration filesystemSetup,
    Duration boxConfig,
    Duration boxSpawn,
    Duration guestBoot,
    Duration containerInit) {}
