package io.boxlite.api.internal.copy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/// The directories from a first one down to where files are being made, all held open. No link is
/// followed on the way. Confined to one thread.
final class Descent implements AutoCloseable {
  private final HeldFile first;
  private final Deque<Level> levels = new ArrayDeque<>(); // the deepest is the last

  /// What is done with a directory when it is left.
  interface Leaving {
    void leave(HeldFile directory) throws IOException;
  }

  private record Level(Path name, HeldFile directory, Leaving leaving) {}

  /// @param first closed with this
  Descent(HeldFile first) {
    this.first = first;
  }

  /// {@return the directory that a path is in, made where it is missing; open until the next call}
  ///
  /// @param path names from the first directory on
  HeldFile parentOf(List<Path> path) throws IOException {
    List<Path> parents = path.subList(0, path.size() - 1);
    int common = 0;
    Iterator<Level> have = levels.iterator();
    while (common < parents.size()
        && have.hasNext()
        && have.next().name.equals(parents.get(common))) {
      common++;
    }
    while (levels.size() > common) {
      leave();
    }
    for (Path name : parents.subList(common, parents.size())) {
      levels.addLast(new Level(name, at().made(name), _ -> {}));
    }
    return at();
  }

  /// Goes down into a directory that is there.
  ///
  /// @param name in the directory that is open last
  /// @param leaving done when files are made elsewhere, or none any more
  void enter(Path name, Leaving leaving) throws IOException {
    levels.addLast(new Level(name, at().child(name), leaving));
  }

  /// {@return a directory that is there, to be closed by the caller}
  ///
  /// @param path names from the first directory on
  HeldFile open(List<Path> path) throws IOException {
    HeldFile at = first.again();
    for (Path name : path) {
      try (HeldFile above = at) {
        at = above.child(name);
      }
    }
    return at;
  }

  private HeldFile at() {
    return levels.isEmpty() ? first : levels.getLast().directory;
  }

  private void leave() throws IOException {
    Level last = levels.removeLast();
    try (HeldFile directory = last.directory) {
      last.leaving.leave(directory);
    }
  }

  /// Leaves all directories but the first.
  void finish() throws IOException {
    while (!levels.isEmpty()) {
      leave();
    }
  }

  /// Closes all, and does nothing more with them.
  @Override
  public void close() {
    levels.forEach(level -> level.directory.close());
    levels.clear();
    first.close();
  }
}
