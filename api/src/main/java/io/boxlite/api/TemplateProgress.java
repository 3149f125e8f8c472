package io.boxlite.api;

/// How far the making of a template is.
///
/// @since 0.1
public enum TemplateProgress {
  /// Somebody else makes the same one.
  WAITING,
  /// A guest boots.
  BOOTING,
  /// Its agent rehearses.
  REHEARSING,
  /// It is saved.
  SAVING,
  /// It is there.
  READY
}
