package io.boxlite.vmm;

import io.boxlite.api.StorageException;
import java.nio.file.Path;

/// Makes Unix sockets with long paths reachable. Immutable; thread-safe.
///
/// The kernel takes at most 107 bytes. A longer path is reached through a symbolic link in a
/// directory of this user under the temporary directory, which nobody else can enter.
///
/// @since 0.1
public final class SocketPaths {
  private final Path temporaryDirectory;

  /// Uses a temporary directory.
  ///
  /// @param temporaryDirectory absolute and short, such as `BOXLITE_TMPDIR` or `/tmp`
  public SocketPaths(Path temporaryDirectory) {
    this.temporaryDirectory = temporaryDirectory;
  }

  /// Finds a path that a socket can be bound and connected to.
  ///
  /// @param socket absolute path of the socket; its directory exists
  /// @return the same if it is short enough, else one that leads to it
  /// @throws StorageException if no safe link can be made, with what to do
  public Path reachable(Path socket) {
    throw new UnsupportedOperationException(temporaryDirectory.toString());
  }
}
