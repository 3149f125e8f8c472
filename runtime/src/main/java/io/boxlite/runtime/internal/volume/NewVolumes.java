package io.boxlite.runtime.internal.volume;

import io.boxlite.api.StorageException;
import io.boxlite.runtime.internal.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Which volumes nothing has been in since they were made: a file `<id>` for each. The first box
/// with one gets a copy in it of what its image has there. The file says so while that is under
/// way, so that half a copy, after a crash, is not taken for what somebody put there.
final class NewVolumes {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final String FILLING = "filling";

  private final Path marks;

  /// @param marks the directory of the files, which is made
  NewVolumes(Path marks) {
    this.marks = marks;
    HomeLayout.createPrivate(marks);
  }

  void add(String id) {
    mark(id, "");
  }

  private void mark(String id, String state) {
    try {
      Files.writeString(marks.resolve(id), state);
    } catch (IOException e) {
      throw failed(id, e);
    }
  }

  void remove(String id) {
    try {
      Files.deleteIfExists(marks.resolve(id));
    } catch (IOException e) {
      throw failed(id, e);
    }
  }

  /// {@return whether a volume is to be filled, by its mark and content}
  boolean isToBeFilled(String id, Path directory) {
    try {
      Path mark = marks.resolve(id);
      return Files.exists(mark) && (Files.readString(mark).equals(FILLING) || isEmpty(directory));
    } catch (IOException e) {
      throw failed(id, e);
    }
  }

  void begin(String id) {
    mark(id, FILLING);
  }

  /// The copy is whole. A volume that got nothing is as new as before.
  void end(String id, Path directory) {
    try {
      if (isEmpty(directory)) {
        add(id);
      } else {
        remove(id);
      }
    } catch (IOException e) {
      throw failed(id, e);
    }
  }

  /// There is no whole copy. Of a volume that is empty none has begun.
  void abandon(String id, Path directory) {
    try {
      if (isEmpty(directory)) {
        add(id);
      }
    } catch (IOException e) {
      throw failed(id, e);
    }
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    } catch (FileSystemException _) {
      return false; // what is wrong with it is told when it is served
    }
  }

  /// Forgets volumes that are gone.
  void sweep(Predicate<String> known) {
    try (Stream<Path> all = Files.list(marks)) {
      all.map(mark -> mark.getFileName().toString())
          .filter(known.negate())
          .toList()
          .forEach(this::forget);
    } catch (IOException e) {
      throw failed("any", e);
    }
  }

  private void forget(String id) {
    try {
      remove(id);
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, e.getMessage());
    }
  }

  private StorageException failed(String id, IOException e) {
    return new StorageException(
        "volume_mark", "whether volume " + id + " is new, in " + marks + ": " + e, e, Map.of());
  }
}
