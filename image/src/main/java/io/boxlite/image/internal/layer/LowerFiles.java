package io.boxlite.image.internal.layer;

import io.boxlite.image.internal.erofs.ErofsImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What the layers below a layer come to, as overlayfs shows them: the topmost file of a name
/// counts, directories merge, whiteouts and opaque directories hide. Confined to one thread at a
/// time. [#close] unmaps the images.
public final class LowerFiles implements AutoCloseable {
  private static final int CACHED = 4096;

  /// Nothing is known of the layers below: a layer is converted as if there were none, and what
  /// that took for granted is told by its [Assumptions]. Closing it does nothing.
  public static final LowerFiles NONE = new LowerFiles(Arena.global(), false);

  // Topmost first: the directories of one path that merge; empty if there is none.
  private final List<ErofsImage.File> roots = new ArrayList<>();
  private final Map<String, List<ErofsImage.File>> directories =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, List<ErofsImage.File>> eldest) {
          return size() > CACHED;
        }
      };
  private final Arena arena;
  private final boolean known;

  private LowerFiles(Arena arena, boolean known) {
    this.arena = arena;
    this.known = known;
  }

  /// Opens the images of the layers below.
  ///
  /// @param images lowest layer first; empty below the lowest layer of an image
  /// @return their files
  /// @throws IOException if one cannot be read
  @SuppressWarnings("MustBeClosedChecker") // the result closes it
  public static LowerFiles open(List<Path> images) throws IOException {
    LowerFiles files = new LowerFiles(Arena.ofShared(), true);
    boolean done = false;
    try {
      for (Path image : images.reversed()) {
        files.roots.add(ErofsImage.open(image, files.arena).root());
      }
      done = true;
      return files;
    } finally {
      if (!done) {
        files.close();
      }
    }
  }

  /// {@return whether the layers below are known}
  boolean isKnown() {
    return known;
  }

  /// Finds a file. No symbolic link is followed: below one there is nothing.
  ///
  /// @param path names from the root on
  Optional<ErofsImage.File> lookup(List<String> path) throws IOException {
    if (path.isEmpty()) {
      return roots.stream().findFirst();
    }
    List<ErofsImage.File> parents = directories(path.subList(0, path.size() - 1));
    for (ErofsImage.File parent : parents) {
      Optional<ErofsImage.File> child = parent.child(path.getLast());
      if (child.isPresent()) {
        return child.filter(file -> !file.isWhiteout());
      }
    }
    return Optional.empty();
  }

  /// {@return the names in the root directory}
  Set<String> rootNames() throws IOException {
    Set<String> names = new LinkedHashSet<>();
    for (ErofsImage.File root : roots) {
      names.addAll(root.names());
    }
    List<String> hidden = new ArrayList<>();
    for (String name : names) {
      if (lookup(List.of(name)).isEmpty()) {
        hidden.add(name);
      }
    }
    hidden.forEach(names::remove);
    return names;
  }

  private List<ErofsImage.File> directories(List<String> path) throws IOException {
    List<ErofsImage.File> parents = roots;
    StringBuilder key = new StringBuilder();
    for (String name : path) {
      if (parents.isEmpty()) {
        return parents;
      }
      key.append('/').append(name);
      List<ErofsImage.File> merged = directories.get(key.toString());
      if (merged == null) {
        merged = merged(parents, name);
        directories.put(key.toString(), merged);
      }
      parents = merged;
    }
    return parents;
  }

  private static List<ErofsImage.File> merged(List<ErofsImage.File> parents, String name)
      throws IOException {
    List<ErofsImage.File> merged = new ArrayList<>();
    for (ErofsImage.File parent : parents) {
      Optional<ErofsImage.File> child = parent.child(name);
      if (child.isEmpty()) {
        continue;
      }
      if (!child.get().isDirectory()) {
        break;
      }
      merged.add(child.get());
      if (child.get().isOpaque()) {
        break;
      }
    }
    return List.copyOf(merged);
  }

  @Override
  public void close() {
    if (known) {
      arena.close();
    }
  }
}
