package io.boxlite.api.internal;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;

/// Makes Unix sockets with long paths reachable. Immutable; thread-safe.
///
/// The kernel takes at most 107 bytes, Java one less. A longer path is reached through a symbolic
/// link in `boxlite-<uid>`, a directory of this user under the temporary directory that nobody else
/// can enter. The link leads to the highest directory above the socket that makes the path short
/// enough, so that all sockets of one home share a link or two; these stay.
///
/// @since 0.1
public final class SocketPaths {
  /// What both the kernel and Java take at most, in bytes.
  public static final int MAX_BYTES = 106;

  private static final int LINK_NAME_DIGITS = 16;

  private final Path temporaryDirectory;

  /// Uses a temporary directory.
  ///
  /// @param temporaryDirectory absolute and short, such as `BOXLITE_TMPDIR` or `/tmp`
  public SocketPaths(Path temporaryDirectory) {
    this.temporaryDirectory = temporaryDirectory;
  }

  /// Uses the temporary directory that the environment names: `BOXLITE_TMPDIR`, else `/tmp`.
  ///
  /// @return the paths
  public static SocketPaths ofEnvironment() {
    String named = System.getenv("BOXLITE_TMPDIR");
    return new SocketPaths(Path.of(named == null || named.isEmpty() ? "/tmp" : named));
  }

  /// Finds a path that a socket can be bound and connected to. May make a link.
  ///
  /// @param socket absolute path of the socket; its directory exists
  /// @return the same if it is short enough, else one that leads to it
  /// @throws StorageException if no safe link can be made, with what to do
  public Path reachable(Path socket) {
    if (bytes(socket) <= MAX_BYTES) {
      return socket;
    }
    try {
      Path links = privateDirectory();
      int room = MAX_BYTES - bytes(links) - LINK_NAME_DIGITS - 2;
      for (int names = 1; names < socket.getNameCount(); names++) {
        Path below = socket.subpath(names, socket.getNameCount());
        if (bytes(below) <= room) {
          Path above = socket.getRoot().resolve(socket.subpath(0, names));
          return link(links, above).resolve(below);
        }
      }
      throw new StorageException(
          "socket_path",
          "socket path "
              + socket
              + ": its last name is too long for a Unix socket; use a shorter"
              + " BOXLITE_TMPDIR than "
              + temporaryDirectory);
    } catch (IOException e) {
      throw new StorageException(
          "socket_path",
          "socket path "
              + socket
              + ": it is longer than "
              + MAX_BYTES
              + " bytes, and no link to it"
              + " can be made in "
              + temporaryDirectory
              + ": "
              + e
              + "; use a shorter home, or another BOXLITE_TMPDIR",
          e,
          Map.of());
    }
  }

  private static int bytes(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  /// Anybody may make names in `/tmp`: what is there counts only if it is a directory, ours, and
  /// closed to others.
  private Path privateDirectory() throws IOException {
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Path directory = temporaryDirectory.resolve("boxlite-" + Integer.toUnsignedString(uid));
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      // Of an earlier run, or somebody's trap: checked below.
    }
    PosixFileAttributes found =
        Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    int owner = (int) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    if (!found.isDirectory()
        || owner != uid
        || !PosixFilePermissions.toString(found.permissions()).equals("rwx------")) {
      throw new StorageException(
          "socket_directory",
          "directory "
              + directory
              + ": not a directory that only this user can enter; remove it, or"
              + " set BOXLITE_TMPDIR to a short private directory");
    }
    return directory;
  }

  private static Path link(Path links, Path target) throws IOException {
    Path link = links.resolve(digest(target));
    if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
      return link;
    }
    Path fresh = links.resolve("new-" + UUID.randomUUID());
    Files.createSymbolicLink(fresh, target);
    try {
      Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
    return link;
  }

  private static String digest(Path path) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(path.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, LINK_NAME_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
