package io.boxlite.vmm;

import java.nio.file.Path;

/// A VM at rest, from which any number of VMs start. Immutable, and so must its files be while any
/// of them runs: their memory is read from there.
///
/// @param memory the guest's memory; absolute. Mode 0600, because a VM monitor may open it for
///   writing although it writes nothing there
/// @param state all else of the VM; absolute
/// @since 0.1
public record VmTemplate(Path memory, Path state) {}
