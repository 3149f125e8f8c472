package io.boxlite.rest;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Reaches Unix sockets whose path is longer than the 107 bytes that an address can hold.
///
/// @since 0.1
public final class SocketPaths {
  /// Most bytes of a socket's path.
  public static final int MAX_BYTES = 107;

  private SocketPaths() {}

  /// Binds or connects a socket.
  ///
  /// @since 0.1
  @FunctionalInterface
  public interface Action<T> {
    /// Does it.
    ///
    /// @param address where
    /// @return what came of it
    /// @throws IOException if it failed
    T apply(UnixDomainSocketAddress address) throws IOException;
  }

  /// Does something with a socket's address. A path that is too long is reached through a symbolic
  /// link in a fresh private directory under `/tmp`, which is gone afterwards: the kernel needs the
  /// name only while it binds or connects, and a lasting link could be replaced by others.
  ///
  /// @param socket path of the socket
  /// @param action what to do
  /// @return what the action returned
  /// @throws IOException if the action or the link failed
  public static <T> T with(Path socket, Action<T> action) throws IOException {
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES) {
      return action.apply(UnixDomainSocketAddress.of(socket));
    }
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "boxlite-");
    Path link = directory.resolve("s");
    try {
      Files.createSymbolicLink(link, socket.toAbsolutePath().getParent());
      return action.apply(UnixDomainSocketAddress.of(link.resolve(socket.getFileName())));
    } finally {
      Files.deleteIfExists(link);
      Files.deleteIfExists(directory);
    }
  }
}
