package io.boxlite.image.internal.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.erofs.Attributes;
import io.boxlite.image.internal.erofs.ErofsImage;
import io.boxlite.image.internal.erofs.FileType;
import io.boxlite.image.internal.erofs.Inode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Ways through a layer that is being made and the layers below it, as one tree. Symbolic links are
/// followed as if the root were that of a process: neither `..` nor an absolute target leaves it.
///
/// While the layers below are not known, notes what was assumed of them. Confined to one thread.
final class MergedPaths {
  private final Inode root;
  private final LowerFiles lower;
  private final ImageLimits limits;
  private int madeDirectories;

  // Assumptions by path. A directory that was made for the path needs more than a path that was
  // only gone through.
  private final Map<String, Optional<Inode>> passed = new HashMap<>();
  private final Set<String> missing = new HashSet<>();
  private boolean unresolved;
  private long notedBytes;

  MergedPaths(Inode root, LowerFiles lower, ImageLimits limits) {
    this.root = root;
    this.lower = lower;
    this.limits = limits;
  }

  /// A step on the way: a directory, or where one would be.
  ///
  /// @param directory of the layer, if it has one here
  /// @param open whether what the layers below have here is visible
  private record Step(String name, @Nullable Inode directory, boolean open) {}

  /// Finds a directory, makes it where there is none.
  ///
  /// @param path to it
  /// @param entry the archive entry it is for, for messages
  Inode directory(List<String> path, String entry) throws IOException {
    Inode at = root;
    for (String name : path) {
      Optional<Inode> child = at.child(name);
      if (child.isEmpty() || !child.get().isDirectory()) {
        return make(resolve(path, entry));
      }
      at = child.get();
    }
    return at;
  }

  /// Finds a file; the last name of its path is not followed.
  ///
  /// @param path to it, not empty
  /// @return the file of this layer or, if it has none, that of the layers below
  Found find(List<String> path, String entry) throws IOException {
    List<Step> steps = resolve(path.subList(0, path.size() - 1), entry);
    Step parent = steps.getLast();
    String name = path.getLast();
    Optional<Inode> own =
        parent.directory == null ? Optional.empty() : parent.directory.child(name);
    List<String> real = names(steps);
    real.add(name);
    if (own.isPresent() || !parent.open) {
      return new Found(real, own.filter(inode -> !inode.isWhiteout()), Optional.empty());
    }
    if (!lower.isKnown()) {
      missing.add(noted(real));
    }
    return new Found(real, Optional.empty(), lower.lookup(real));
  }

  /// Where a path leads.
  ///
  /// @param path without links
  /// @param own the file of this layer
  /// @param below the file of the layers below, if this layer has none and does not hide it
  record Found(List<String> path, Optional<Inode> own, Optional<ErofsImage.File> below) {}

  // What is too much to keep is not kept, and assumed to be wrong.
  private String noted(List<String> path) {
    String text = String.join("/", path);
    notedBytes += text.length();
    if (notedBytes > Assumptions.MAX_BYTES) {
      unresolved = true;
      passed.clear();
      missing.clear();
      notedBytes = 0;
    }
    return text;
  }

  /// Notes that a file which is not in this layer has to be in those below.
  void setUnresolved() {
    unresolved = true;
  }

  private List<Step> resolve(List<String> path, String entry) throws IOException {
    Deque<String> left = new ArrayDeque<>(path);
    List<Step> steps = new ArrayList<>();
    steps.add(new Step("", root, !root.isOpaque()));
    int links = 0;
    while (!left.isEmpty()) {
      String name = left.removeFirst();
      if (name.equals("..")) {
        if (steps.size() > 1) {
          steps.removeLast();
        }
        continue;
      }
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      Optional<String> link = step(steps, name);
      if (link.isPresent()) {
        if (++links > LayerLimits.LINKS) {
          throw LayerErrors.unsafePath(
              entry, "more than " + LayerLimits.LINKS + " symbolic links in its path");
        }
        follow(link.get(), left, steps);
      } else {
        EntryPath.checkName(name, entry, limits);
        EntryPath.checkDepth(steps.size() - 1, entry, limits);
      }
    }
    return steps;
  }

  private static void follow(String target, Deque<String> left, List<Step> steps) {
    if (target.startsWith("/")) {
      steps.subList(1, steps.size()).clear();
    }
    for (String name : List.of(target.split("/", -1)).reversed()) {
      left.addFirst(name);
    }
  }

  // Adds a step, or returns the target of the link in its place. What is neither a directory nor a
  // link will give way to a directory.
  private Optional<String> step(List<Step> steps, String name) throws IOException {
    Step at = steps.getLast();
    Optional<Inode> own = at.directory == null ? Optional.empty() : at.directory.child(name);
    if (own.isPresent()) {
      Inode inode = own.get();
      if (inode.isSymbolicLink()) {
        return Optional.of(inode.linkTarget());
      }
      boolean directory = inode.isDirectory();
      steps.add(
          new Step(name, directory ? inode : null, directory && at.open && !inode.isOpaque()));
      return Optional.empty();
    }
    steps.add(new Step(name, null, at.open));
    if (!at.open) {
      return Optional.empty();
    }
    List<String> path = names(steps);
    if (!lower.isKnown()) {
      passed.putIfAbsent(noted(path), Optional.empty());
      return Optional.empty();
    }
    Optional<ErofsImage.File> below = lower.lookup(path);
    if (below.isPresent() && below.get().type() == FileType.SYMBOLIC_LINK) {
      steps.removeLast();
      return Optional.of(new String(below.get().content(), ISO_8859_1));
    }
    return Optional.empty();
  }

  private static List<String> names(List<Step> steps) {
    List<String> names = new ArrayList<>(steps.size());
    for (Step step : steps.subList(1, steps.size())) {
      names.add(step.name);
    }
    return names;
  }

  /// {@return how many directories were made that the archive does not mention}
  int madeDirectories() {
    return madeDirectories;
  }

  // A directory that the archive does not mention is that of the layers below.
  private Inode make(List<Step> steps) throws IOException {
    List<String> path = names(steps);
    Inode at = root;
    for (int i = 1; i < steps.size(); i++) {
      Step step = steps.get(i);
      Inode own = step.directory;
      if (own == null) {
        madeDirectories++;
        own = make(at, path.subList(0, i), step.open);
      }
      at = own;
    }
    return at;
  }

  private Inode make(Inode parent, List<String> path, boolean open) throws IOException {
    Optional<Attributes> below =
        open
            ? lower
                .lookup(path)
                .filter(ErofsImage.File::isDirectory)
                .map(ErofsImage.File::attributes)
            : Optional.empty();
    Inode directory =
        putDirectory(parent, path.getLast(), below.orElse(Attributes.IMPLICIT_DIRECTORY));
    if (open && !lower.isKnown()) {
      passed.put(noted(path), Optional.of(directory));
    }
    return directory;
  }

  // What is replaced (a whiteout, or a file that would have replaced a directory below) has hidden
  // the directory of that name in the layers below, and that must stay so.
  static Inode putDirectory(Inode parent, String name, Attributes attributes) {
    boolean replaces = parent.child(name).isPresent();
    Inode directory = parent.putDirectory(name, attributes);
    if (replaces) {
      directory.makeOpaque();
    }
    return directory;
  }

  /// Ends what an opaque root has to hide: overlayfs does not look at the mark there.
  void finishRoot() throws IOException {
    if (root.isOpaque()) {
      for (String name : lower.rootNames()) {
        LayerTree.hide(root, name);
      }
    }
  }

  /// {@return what was assumed of the layers below}
  Assumptions assumptions() {
    if (unresolved) {
      return Assumptions.FALSE;
    }
    Map<String, Assumptions.Below> assumed = new HashMap<>();
    passed.forEach((path, made) -> {
      boolean madeUp =
          made.isPresent() && made.get().attributes().equals(Attributes.IMPLICIT_DIRECTORY);
      assumed.put(path, madeUp ? Assumptions.Below.NO_DIRECTORY : Assumptions.Below.NO_LINK);
    });
    missing.forEach(path -> assumed.put(path, Assumptions.Below.NOTHING));
    if (root.isOpaque() && !lower.isKnown()) {
      assumed.put("", Assumptions.Below.EMPTY);
    }
    return Assumptions.of(assumed);
  }
}
