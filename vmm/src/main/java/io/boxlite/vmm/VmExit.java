package io.boxlite.vmm;

import java.util.OptionalInt;

/// How a VM ended. Immutable.
///
/// @param status exit status of its process, 128 plus the number for a signal; empty for a VM that
///   was reattached, whose status only its parent learns
/// @param cause what the VM monitor last said, empty when nothing (it was killed or crashed): such
///   as `guest-shutdown`, `guest-reset`, `guest-panic`, `host-qmp-quit`, `host-signal`
/// @since 0.1
public record VmExit(OptionalInt status, String cause) {}
