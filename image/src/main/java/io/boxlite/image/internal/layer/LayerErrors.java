package io.boxlite.image.internal.layer;

import io.boxlite.api.ImageException;
import java.util.Map;

/// The errors of archive entries, in one form. Names of entries are shown with what is not
/// printable ASCII replaced: they come from the archive and end on terminals.
final class LayerErrors {
  private static final int SHOWN = 200;
  private static final String LIFTS = "; BOXLITE_IMAGE_MAX_%s lifts this";

  private LayerErrors() {}

  static ImageException unsafePath(String entry, String why) {
    return new ImageException("unsafe_path", "unsafe archive entry '" + shown(entry) + "': " + why);
  }

  /// One beyond a bound that the user can set.
  ///
  /// @param limit the end of the bound's variable
  static ImageException unsafePath(String entry, String why, String limit) {
    return unsafePath(entry, why + LIFTS.formatted(limit));
  }

  static ImageException tooLarge(String why) {
    return new ImageException("too_large", "layer is too large: " + why);
  }

  /// One beyond a bound that the user can set.
  ///
  /// @param limit the end of the bound's variable
  static ImageException tooLarge(String why, String limit) {
    return tooLarge(why + LIFTS.formatted(limit));
  }

  static ImageException invalid(String why, Throwable cause) {
    return new ImageException("invalid_archive", "invalid layer archive: " + why, cause, Map.of());
  }

  static ImageException invalidEntry(String entry, String why) {
    return new ImageException(
        "invalid_archive", "invalid archive entry '" + shown(entry) + "': " + why);
  }

  static String shown(String entry) {
    String cut = entry.length() > SHOWN ? entry.substring(0, SHOWN) + "..." : entry;
    return cut.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
