package io.boxlite.image.internal.layer;

import io.boxlite.image.ImageLimits;
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
  static EntryPath parse(String path, String entry, ImageLimits limits) {
    if (path.length() >= LayerLimits.PATH_BYTES) {
      throw LayerErrors.unsafePath(entry, "path of more than 4095 bytes");
    }
    if (path.indexOf('\0') >= 0) {
      throw LayerErrors.unsafePath(entry, "NUL in its path");
    }
    List<String> components = new ArrayList<>();
    int start = 0;
    while (start < path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      String name = path.substring(start, end);
      start = end + 1;
      if (name.equals("..")) {
        if (components.isEmpty()) {
          throw LayerErrors.unsafePath(entry, "'" + LayerErrors.shown(path) + "' leaves the root");
        }
        components.removeLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        checkName(name, entry, limits);
        components.add(name);
      }
    }
    checkDepth(components.size(), entry, limits);
    return new EntryPath(List.copyOf(components));
  }

  static void checkName(String name, String entry, ImageLimits limits) {
    if (name.length() > limits.nameBytes()) {
      throw LayerErrors.unsafePath(
          entry, "name of more than %d bytes".formatted(limits.nameBytes()), "NAME_BYTES");
    }
  }

  static void checkDepth(int depth, String entry, ImageLimits limits) {
    if (depth > limits.pathDepth()) {
      throw LayerErrors.unsafePath(
          entry, "path of more than %d names".formatted(limits.pathDepth()), "PATH_DEPTH");
    }
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
