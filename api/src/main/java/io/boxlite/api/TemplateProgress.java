package io.boxlite.api;

import java.util.Locale;

/// How far the making of a template is.
///
/// @since 0.1
public enum TemplateProgress {
  /// Somebody else makes the same one.
  WAITING,
  /// A guest boots.
  BOOTING,
  /// Its agent does once what every start will need.
  REHEARSING,
  /// It is saved.
  SAVING,
  /// It is there.
  READY;

  /// {@return the name as REST and output have it}
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
