package io.boxlite.runtime.internal.layout;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whole directories.
public final class Trees {
  private Trees() {}

  /// Deletes a directory and all in it, without following symbolic links. Does nothing when it is
  /// not there.
  ///
  /// @param directory which
  /// @throws StorageException if something cannot be deleted
  public static void delete(Path directory) {
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException error)
                throws IOException {
              Files.deleteIfExists(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException _) {
      // It is gone, which was the aim.
    } catch (IOException e) {
      throw new StorageException(
          "directory_not_deleted",
          "delete " + directory + ": " + e + "; remove it by hand",
          e,
          Map.of("path", directory.toString()));
    }
  }

  /// {@return sizes of all files in a directory; 0 when it is not there}
  ///
  /// @param directory which
  /// @throws StorageException if it cannot be read
  public static long bytes(Path directory) {
    long[] bytes = new long[1];
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              bytes[0] += attributes.size();
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException error) {
              return FileVisitResult.CONTINUE; // it is gone
            }
          });
      return bytes[0];
    } catch (IOException e) {
      throw new StorageException(
          "directory_not_readable",
          "read " + directory + ": " + e + "; check its permissions",
          e,
          Map.of("path", directory.toString()));
    }
  }
}
