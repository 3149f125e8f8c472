package io.boxlite.image.internal.layer;

import io.boxlite.image.internal.erofs.Attributes;
import io.boxlite.image.internal.erofs.FileType;
import io.boxlite.image.internal.erofs.Inode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The files of one layer, built entry by entry as if it were extracted over the layers below.
///
/// Nothing is ever followed: a symbolic link, or any other file, in the place of a directory is
/// replaced by one. A later entry replaces an earlier one; directories merge. OCI whiteouts
/// (image-spec `layer.md`) become those of overlayfs.
final class LayerTree {
  private static final String WHITEOUT_PREFIX = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";
  private static final String AUFS_PREFIX = ".wh..wh.";
  private static final int LINK_PASSES = 16;

  private record Link(EntryPath path, EntryPath target, String entry) {}

  private final Inode root = Inode.root();
  private List<Link> pendingLinks = new ArrayList<>();

  Inode root() {
    return root;
  }

  /// Applies the entry if it is a whiteout. A directory never is one.
  boolean addWhiteout(EntryPath path, String entry) {
    if (path.isRoot() || !path.name().startsWith(WHITEOUT_PREFIX)) {
      return false;
    }
    String name = path.name();
    String hidden = name.substring(WHITEOUT_PREFIX.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw LayerErrors.unsafePath(entry, "whiteout of no file");
    }
    if (name.equals(OPAQUE)) {
      parent(path).makeOpaque();
    } else if (!name.startsWith(AUFS_PREFIX)) {
      hide(parent(path), hidden);
    } // else bookkeeping of AUFS, without a meaning here
    return true;
  }

  // A whiteout hides what is below, not what this layer itself has.
  private static void hide(Inode directory, String name) {
    Optional<Inode> existing = directory.child(name);
    if (existing.isEmpty()) {
      directory.put(name, Inode.special(Attributes.WHITEOUT, 0, 0));
    } else if (existing.get().isDirectory()) {
      existing.get().makeOpaque();
    }
  }

  void addDirectory(EntryPath path, Attributes attributes) {
    if (path.isRoot()) {
      root.setAttributes(attributes);
      return;
    }
    Inode parent = parent(path);
    Optional<Inode> existing = parent.child(path.name());
    if (existing.isPresent() && existing.get().isDirectory()) {
      existing.get().setAttributes(attributes);
    } else {
      putDirectory(parent, path.name(), attributes);
    }
  }

  void add(EntryPath path, Inode inode, String entry) {
    requireNotRoot(path, entry);
    parent(path).put(path.name(), inode);
  }

  void addHardLink(EntryPath path, EntryPath target, String entry) {
    requireNotRoot(path, entry);
    Optional<Inode> inode = find(target);
    if (inode.isPresent()) {
      if (inode.get().isDirectory()) {
        throw LayerErrors.invalidEntry(entry, "hard link to a directory");
      }
      parent(path).put(path.name(), inode.get());
    } else {
      parent(path).remove(path.name());
      pendingLinks.add(new Link(path, target, entry));
    }
  }

  /// Makes the hard links whose target came later. Links to links need a pass each.
  ///
  /// @throws io.boxlite.api.ImageException if the target of one is not in this layer
  void finishLinks() {
    for (int pass = 0; pass < LINK_PASSES && !pendingLinks.isEmpty(); pass++) {
      List<Link> unresolved = new ArrayList<>();
      for (Link link : pendingLinks) {
        Optional<Inode> target = find(link.target);
        if (target.isEmpty() || target.get().isDirectory()) {
          unresolved.add(link);
        } else if (find(link.path).isEmpty()) {
          parent(link.path).put(link.path.name(), target.get());
        }
      }
      pendingLinks = unresolved;
    }
    if (!pendingLinks.isEmpty()) {
      Link link = pendingLinks.getFirst();
      String target = String.join("/", link.target.components());
      throw LayerErrors.invalidEntry(
          link.entry, "its hard link target '" + target + "' is no file of this layer");
    }
  }

  private static void requireNotRoot(EntryPath path, String entry) {
    if (path.isRoot()) {
      throw LayerErrors.unsafePath(entry, "the root must be a directory");
    }
  }

  private Optional<Inode> find(EntryPath path) {
    Inode at = root;
    for (String name : path.components()) {
      Optional<Inode> child = at.isDirectory() ? at.child(name) : Optional.empty();
      if (child.isEmpty()) {
        return Optional.empty();
      }
      at = child.get();
    }
    return Optional.of(at);
  }

  private Inode parent(EntryPath path) {
    Inode at = root;
    for (String name : path.parents()) {
      Inode directory = at;
      at =
          at.child(name)
              .filter(Inode::isDirectory)
              .orElseGet(() -> putDirectory(directory, name, Attributes.IMPLICIT_DIRECTORY));
    }
    return at;
  }

  // What is replaced (a whiteout, or a file that would have replaced a directory below) has hidden
  // the directory of that name in the layers below, and that must stay so.
  private static Inode putDirectory(Inode parent, String name, Attributes attributes) {
    boolean replaces = parent.child(name).isPresent();
    Inode directory = parent.putDirectory(name, attributes);
    if (replaces) {
      directory.makeOpaque();
    }
    return directory;
  }

  static int modeOf(FileType type, int permissions) {
    return type.mode() | permissions;
  }
}
