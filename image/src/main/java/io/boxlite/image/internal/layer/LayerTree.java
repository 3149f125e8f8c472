package io.boxlite.image.internal.layer;

import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.erofs.Attributes;
import io.boxlite.image.internal.erofs.ErofsImage;
import io.boxlite.image.internal.erofs.FileType;
import io.boxlite.image.internal.erofs.Inode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The files of one layer, built entry by entry as if it were extracted over the layers below.
///
/// The last name of a path is never followed; a symbolic link on the way is, within the root. Any
/// other file in the place of a directory is replaced by one. A later entry replaces an earlier
/// one; directories merge. OCI whiteouts (image-spec `layer.md`) become those of overlayfs.
final class LayerTree {
  private static final String WHITEOUT_PREFIX = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";
  private static final String AUFS_PREFIX = ".wh..wh.";
  private static final int LINK_PASSES = 16;

  private record Link(EntryPath path, EntryPath target, String entry) {}

  /// Makes a file of this layer out of one below.
  @FunctionalInterface
  interface Copier {
    Inode copy(ErofsImage.File file) throws IOException;
  }

  private final Inode root = Inode.root();
  private final LowerFiles lower;
  private final MergedPaths paths;
  private final Copier copier;
  private List<Link> pendingLinks = new ArrayList<>();

  LayerTree(LowerFiles lower, ImageLimits limits, Copier copier) {
    this.lower = lower;
    this.paths = new MergedPaths(root, lower, limits);
    this.copier = copier;
  }

  Inode root() {
    return root;
  }

  /// {@return what was assumed of the layers below, if they are not known}
  Assumptions assumptions() {
    return paths.assumptions();
  }

  /// {@return how many directories were made that the archive does not mention}
  int madeDirectories() {
    return paths.madeDirectories();
  }

  /// Applies the entry if it is a whiteout. A directory never is one.
  boolean addWhiteout(EntryPath path, String entry) throws IOException {
    if (path.isRoot() || !path.name().startsWith(WHITEOUT_PREFIX)) {
      return false;
    }
    String name = path.name();
    String hidden = name.substring(WHITEOUT_PREFIX.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw LayerErrors.unsafePath(entry, "whiteout of no file");
    }
    if (name.equals(OPAQUE)) {
      parent(path, entry).makeOpaque();
    } else if (!name.startsWith(AUFS_PREFIX)) {
      hide(parent(path, entry), hidden);
    } // else bookkeeping of AUFS, without a meaning here
    return true;
  }

  // A whiteout hides what is below, not what this layer itself has.
  static void hide(Inode directory, String name) {
    Optional<Inode> existing = directory.child(name);
    if (existing.isEmpty()) {
      directory.put(name, Inode.special(Attributes.WHITEOUT, 0));
    } else if (existing.get().isDirectory()) {
      existing.get().makeOpaque();
    }
  }

  void addDirectory(EntryPath path, Attributes attributes, String entry) throws IOException {
    if (path.isRoot()) {
      root.setAttributes(attributes);
      return;
    }
    Inode parent = parent(path, entry);
    Optional<Inode> existing = parent.child(path.name());
    if (existing.isPresent() && existing.get().isDirectory()) {
      existing.get().setAttributes(attributes);
    } else {
      MergedPaths.putDirectory(parent, path.name(), attributes);
    }
  }

  void add(EntryPath path, Inode inode, String entry) throws IOException {
    requireNotRoot(path, entry);
    parent(path, entry).put(path.name(), inode);
  }

  void addHardLink(EntryPath path, EntryPath target, String entry) throws IOException {
    requireNotRoot(path, entry);
    Optional<Inode> inode = linkable(target, entry);
    if (inode.isPresent()) {
      parent(path, entry).put(path.name(), inode.get());
    } else {
      parent(path, entry).remove(path.name());
      pendingLinks.add(new Link(path, target, entry));
    }
  }

  // A link to a file of a lower layer brings it into this one: it is one file with two names then,
  // as overlayfs makes it.
  private Optional<Inode> linkable(EntryPath target, String entry) throws IOException {
    if (target.isRoot()) {
      throw LayerErrors.invalidEntry(entry, "hard link to a directory");
    }
    MergedPaths.Found found = paths.find(target.components(), entry);
    Optional<Inode> inode = found.own();
    if (inode.isEmpty() && found.below().isPresent()) {
      if (found.below().get().isDirectory()) {
        throw LayerErrors.invalidEntry(entry, "hard link to a directory");
      }
      inode = Optional.of(copier.copy(found.below().get()));
      List<String> real = found.path();
      paths.directory(real.subList(0, real.size() - 1), entry).put(real.getLast(), inode.get());
    }
    if (inode.isPresent() && inode.get().isDirectory()) {
      throw LayerErrors.invalidEntry(entry, "hard link to a directory");
    }
    return inode;
  }

  /// Ends the tree: makes the hard links whose target came later. Links to links need a pass each.
  ///
  /// @throws io.boxlite.api.ImageException if the target of one is nowhere
  void finish() throws IOException {
    for (int pass = 0; pass < LINK_PASSES && !pendingLinks.isEmpty(); pass++) {
      List<Link> unresolved = new ArrayList<>();
      for (Link link : pendingLinks) {
        Optional<Inode> target = linkable(link.target, link.entry);
        if (target.isEmpty()) {
          unresolved.add(link);
        } else {
          Inode parent = parent(link.path, link.entry);
          if (parent.child(link.path.name()).filter(inode -> !inode.isWhiteout()).isEmpty()) {
            parent.put(link.path.name(), target.get());
          }
        }
      }
      pendingLinks = unresolved;
    }
    if (!pendingLinks.isEmpty()) {
      if (lower.isKnown()) {
        Link link = pendingLinks.getFirst();
        String target = LayerErrors.shown(String.join("/", link.target.components()));
        throw LayerErrors.invalidEntry(
            link.entry,
            "its hard link target '%s' is in neither this layer nor those below".formatted(target));
      }
      paths.setUnresolved();
    }
    paths.finishRoot();
  }

  private static void requireNotRoot(EntryPath path, String entry) {
    if (path.isRoot()) {
      throw LayerErrors.unsafePath(entry, "the root must be a directory");
    }
  }

  private Inode parent(EntryPath path, String entry) throws IOException {
    return paths.directory(path.parents(), entry);
  }

  static int modeOf(FileType type, int permissions) {
    return type.mode() | permissions;
  }
}
