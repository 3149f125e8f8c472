package io.boxlite.runtime.internal.layout;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// Whole directories.
public final class Trees {
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private Trees() {}

  /// Deletes a directory and all in it, or a file, without following symbolic links. Does nothing
  /// when it is not there.
  ///
  /// A box may have filled it: no link that takes the place of a directory leads out of it, and it
  /// may be of any depth and have any modes. So each directory is held open, and those in it are
  /// moved up instead of being gone into.
  ///
  /// @param directory which
  /// @throws StorageException if something cannot be deleted
  public static void delete(Path directory) {
    Path absolute = directory.toAbsolutePath();
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (parent == null || name == null) {
      throw new IllegalArgumentException(directory + " is no directory of another");
    }
    try (DirectoryStream<Path> above = Files.newDirectoryStream(parent)) {
      delete((SecureDirectoryStream<Path>) above, name, absolute); // those of Linux are secure
    } catch (NoSuchFileException e) {
      if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw notDeleted(directory, e);
      }
      // It is gone, which was the aim.
    } catch (IOException | DirectoryIteratorException e) {
      throw notDeleted(directory, e);
    }
  }

  private static void delete(SecureDirectoryStream<Path> above, Path name, Path path)
      throws IOException {
    PosixFileAttributes found = attributes(above, name);
    if (!found.isDirectory()) {
      above.deleteFile(name);
      return;
    }
    try (SecureDirectoryStream<Path> top = enter(above, name, found, path)) {
      empty(top, path);
    }
    above.deleteDirectory(name);
  }

  private static StorageException notDeleted(Path directory, Exception cause) {
    return new StorageException(
        "directory_not_deleted",
        "delete " + directory + ": " + cause + "; remove it by hand",
        cause,
        Map.of("path", directory.toString()));
  }

  private static PosixFileAttributes attributes(SecureDirectoryStream<Path> in, Path name)
      throws IOException {
    return in.getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes();
  }

  /// Opens a directory of another, after its owner may do everything with it.
  private static SecureDirectoryStream<Path> enter(
      SecureDirectoryStream<Path> in, Path name, PosixFileAttributes attributes, Path path)
      throws IOException {
    if (!attributes.permissions().containsAll(OWNER)) {
      // By its path, as a directory that cannot be read cannot be opened for this either.
      Files.setPosixFilePermissions(path, OWNER);
    }
    return in.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
  }

  private static void empty(SecureDirectoryStream<Path> top, Path path) throws IOException {
    Deque<Path> directories = new ArrayDeque<>();
    for (Path entry : top) {
      deleteOrElse(top, entry.getFileName(), (name, _) -> directories.add(name));
    }
    for (Path name = directories.poll(); name != null; name = directories.poll()) {
      PosixFileAttributes found = attributes(top, name);
      try (SecureDirectoryStream<Path> inner = enter(top, name, found, path.resolve(name))) {
        for (Path entry : inner) {
          Path at = path.resolve(name).resolve(entry.getFileName());
          deleteOrElse(
              inner,
              entry.getFileName(),
              (child, attributes) -> {
                if (!attributes.permissions().containsAll(OWNER)) {
                  Files.setPosixFilePermissions(at, OWNER); // else it may not get another parent
                }
                Path up = child.resolveSibling(UUID.randomUUID().toString());
                inner.move(child, top, up);
                directories.add(up);
              });
        }
      }
      top.deleteDirectory(name);
    }
  }

  private interface Found {
    void directory(Path name, PosixFileAttributes attributes) throws IOException;
  }

  private static void deleteOrElse(SecureDirectoryStream<Path> in, Path name, Found found)
      throws IOException {
    try {
      PosixFileAttributes attributes = attributes(in, name);
      if (attributes.isDirectory()) {
        found.directory(name, attributes);
      } else {
        in.deleteFile(name);
      }
    } catch (NoSuchFileException _) {
      // Somebody was faster.
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

  /// Gives a file another name, atomically.
  ///
  /// @param file on stable storage
  /// @param target on the same file system
  /// @throws StorageException if it cannot be moved
  public static void move(Path file, Path target) {
    try {
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException(
          "file_failed", "move " + file + " to " + target + ": " + e, e, Map.of());
    }
  }
}
