package io.boxlite.api;

import java.util.Locale;

/// The states of a box.
///
/// @since 0.1
public enum BoxStatus {
  /// Made, never started.
  CONFIGURED,
  /// The VM runs.
  RUNNING,
  /// On the way down.
  STOPPING,
  /// Ended by request, or because its main command ended.
  STOPPED,
  /// The VM exists and stands still.
  PAUSED,
  /// The start failed, or the VM ended without being asked; the reason is kept.
  FAILED,
  /// Not known (yet).
  UNKNOWN;

  /// {@return the name on the wire and in output, lower case}
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// {@return whether a VM exists in this state}
  public boolean isActive() {
    return this == RUNNING || this == PAUSED || this == STOPPING;
  }

  /// Reads a wire name.
  ///
  /// @param wireName lower-case name
  /// @return the state, [#UNKNOWN] for a name that is not known
  public static BoxStatus ofWireName(String wireName) {
    for (BoxStatus status : values()) {
      if (status.wireName().equals(wireName)) {
        return status;
      }
    }
    return UNKNOWN;
  }
}
