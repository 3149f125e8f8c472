package io.boxlite.api;

import java.nio.file.Path;

/// What a runtime is and can do. Immutable.
///
/// @param version of BoxLite
/// @param home its directory
/// @param engine VM monitor and accelerator in use, such as `qemu 7.2.22 (tcg)`, or why there is
///   none
/// @param virtualization `available`, or `unavailable: ` and the reason why KVM is not used
/// @param os operating system of the host
/// @param arch CPU architecture of the host
/// @param boxesTotal all boxes
/// @param boxesRunning of these, running
/// @param boxesStopped of these, stopped
/// @param boxesConfigured of these, never started
/// @param imagesCount images in the store
/// @param warmVms VMs that wait in the warm pool
/// @since 0.1
public record RuntimeInfo(
    String version,
    Path home,
    String engine,
    String virtualization,
    String os,
    String arch,
    int boxesTotal,
    int boxesRunning,
    int boxesStopped,
    int boxesConfigured,
    int imagesCount,
    int warmVms) {
  /// The version of this BoxLite.
  public static final String VERSION = "0.1.0";
}
