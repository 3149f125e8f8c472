package io.boxlite.api.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketPathsTest {
  @TempDir Path directory;

  private Path temporary;
  private Path home;
  private SocketPaths paths;

  @BeforeEach
  void makeDirectories() throws IOException {
    temporary = Files.createDirectory(directory.resolve("t"));
    home = Files.createDirectories(directory.resolve("ü".repeat(60)).resolve("home"));
    paths = new SocketPaths(temporary);
  }

  private Path links() throws IOException {
    return temporary.resolve("boxlite-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  @Test
  void aShortPathIsItself() {
    Path socket = directory.resolve("a.sock");
    assertThat(paths.reachable(socket)).isEqualTo(socket);
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void aLongPathIsReachedThroughALinkThatIsUsedAgain() throws IOException {
    for (String box : new String[] {"one", "two"}) {
      Path run = Files.createDirectories(home.resolve("boxes").resolve(box));
      Files.writeString(run.resolve("qmp.sock"), box);
      Path reachable = paths.reachable(run.resolve("qmp.sock"));
      assertThat(reachable.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8))
          .hasSizeLessThanOrEqualTo(SocketPaths.MAX_BYTES);
      assertThat(reachable).hasContent(box);
      assertThat(paths.reachable(run.resolve("qmp.sock"))).isEqualTo(reachable);
    }
    try (Stream<Path> links = Files.list(links())) {
      assertThat(links).hasSize(1);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(links())))
        .isEqualTo("rwx------");
  }

  @Test
  void socketsOfAnyLengthCanBeBound() throws IOException {
    for (int length = SocketPaths.MAX_BYTES - 2; length <= SocketPaths.MAX_BYTES + 2; length++) {
      int directories = length - directory.toString().length() - "//s.sock".length();
      Path socket = directory.resolve("d".repeat(directories)).resolve("s.sock");
      Files.createDirectories(socket.getParent());
      try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(paths.reachable(socket)));
        assertThat(socket).exists();
      }
      Files.delete(socket);
    }
  }

  @Test
  void aLinkThatLeadsElsewhereIsReplaced() throws IOException {
    Path socket = Files.writeString(home.resolve("portal.sock"), "here");
    Path link = paths.reachable(socket);
    try (Stream<Path> made = Files.list(links())) {
      Path found = made.findFirst().orElseThrow();
      Files.delete(found);
      Files.createSymbolicLink(found, temporary);
    }
    assertThat(paths.reachable(socket)).isEqualTo(link).hasContent("here");
  }

  @Test
  void aDirectoryThatOthersCanEnterIsRefused() throws IOException {
    Files.createDirectory(links());
    Files.setPosixFilePermissions(links(), PosixFilePermissions.fromString("rwxr-xr-x"));
    refused();
  }

  @Test
  void aLinkInPlaceOfTheDirectoryIsRefused() throws IOException {
    Files.createSymbolicLink(links(), home);
    refused();
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsRefused() throws IOException {
    Files.createFile(links());
    refused();
  }

  @Test
  void aMissingTemporaryDirectoryIsNamed() throws IOException {
    Files.delete(temporary);
    refused();
  }

  private void refused() {
    assertThatThrownBy(() -> paths.reachable(home.resolve("qmp.sock")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("BOXLITE_TMPDIR");
  }
}
