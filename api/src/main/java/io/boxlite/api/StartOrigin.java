package io.boxlite.api;

/// Where the VM of a start came from.
///
/// @since 0.1
public enum StartOrigin {
  /// It booted.
  COLD,
  /// It was restored from a template.
  TEMPLATE,
  /// It waited in the warm pool.
  WARM
}
