package io.boxlite.image.internal.layer;

import java.util.ArrayList;
import java.util.List;

/// The path of an archive entry, relative to the root of the layer, normalised: without `.`, `..`
/// and empty components. A leading slash means the root of the layer.
///
/// @param components its names; empty for the root itself
record EntryPath(List<String> components) {
  /// Checks and normalises a path.
  ///
  /// @param path to normalise
  /// @param entry the entry it belongs to, for messages
  /// @throws io.boxlite.api.ImageException if it leaves the root or is too long
  static EntryPath parse(String path, String entry) {
    if (path.length() >= LayerLimits.PATH_BYTES) {
      throw LayerErrors.unsafePath(entry, "path of more than 4095 bytes");
    }
    if (path.indexOf('\0') >= 0) {
      throw LayerErrors.unsafePath(entry, "NUL in its path");
    }
    List<String> components = new ArrayList<>();
    for (String name : path.split("/", -1)) {
      if (name.equals("..")) {
        if (components.isEmpty()) {
          throw LayerErrors.unsafePath(entry, "'" + path + "' leaves the root");
        }
        components.removeLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        if (name.length() > LayerLimits.NAME_BYTES) {
          throw LayerErrors.unsafePath(entry, "name of more than 255 bytes");
        }
        components.add(name);
      }
    }
    if (components.size() > LayerLimits.PATH_DEPTH) {
      throw LayerErrors.unsafePath(entry, "more than " + LayerLimits.PATH_DEPTH + " components");
    }
    return new EntryPath(List.copyOf(components));
  }

  boolean isRoot() {
    return components.isEmpty();
  }

  String name() {
    return components.getLast();
  }

  List<String> parents() {
    return components.subList(0, components.size() - 1);
  }
}
