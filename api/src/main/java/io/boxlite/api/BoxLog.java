package io.boxlite.api;

/// The logs that a box keeps.
///
/// @since 0.1
public enum BoxLog {
  /// What the main command wrote to stdout and stderr, in order of arrival, with times. Of what is
  /// more than 8 to 16 MiB, the oldest is dropped.
  INIT,
  /// The console of the guest kernel, without times; bounded likewise.
  CONSOLE
}
