package io.boxlite.api;

/// The logs that a box keeps.
///
/// @since 0.1
public enum BoxLog {
  /// What the main command wrote to stdout and stderr, in order of arrival.
  INIT,
  /// The console of the guest kernel.
  CONSOLE
}
