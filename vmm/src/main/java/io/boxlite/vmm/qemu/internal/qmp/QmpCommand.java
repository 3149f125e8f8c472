package io.boxlite.vmm.qemu.internal.qmp;

import java.util.Map;

/// Something that QEMU is to do. Immutable.
///
/// @param name such as `cont`
/// @param arguments texts, numbers, booleans, maps and lists of these; empty if it takes none
public record QmpCommand(String name, Map<String, ?> arguments) {

  /// A command without arguments.
  ///
  /// @param name such as `cont`
  public QmpCommand(String name) {
    this(name, Map.of());
  }
}
