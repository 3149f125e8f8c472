package io.boxlite.vmm.qemu.internal.qmp;

import java.util.Map;

/// Something that QEMU reported by itself. Immutable.
///
/// @param name such as `STOP`, `RESUME`, `SHUTDOWN`, `BLOCK_IO_ERROR`, `VSERPORT_CHANGE`
/// @param data what belongs to it; every value comes from QEMU and may be anything
public record QmpEvent(String name, Map<String, Object> data) {

  /// {@return a text of the data, empty if there is none of that name}
  ///
  /// @param key name of the text
  public String text(String key) {
    return data.get(key) instanceof String text ? text : "";
  }

  /// {@return whether the data says yes under that name}
  ///
  /// @param key name of the flag
  public boolean flag(String key) {
    return Boolean.TRUE.equals(data.get(key));
  }
}
