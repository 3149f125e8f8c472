package io.boxlite.runtime.internal.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreesTest {
  @TempDir Path directory;

  @Test
  void allOfADirectoryGoesAndNothingThatItsLinksNameDoes() throws IOException {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("file"), "stays");
    Path tree = Files.createDirectories(directory.resolve("tree/a/b")).getParent().getParent();
    Files.writeString(tree.resolve("a/b/file"), "goes");
    Files.createSymbolicLink(tree.resolve("a/link"), outside);
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Files.setPosixFilePermissions(
        tree.resolve("a/b"), PosixFilePermissions.fromString("---------"));
    Files.setPosixFilePermissions(tree.resolve("a"), PosixFilePermissions.fromString("r-xr-xr-x"));
    Trees.delete(tree);
    assertThat(tree).doesNotExist();
    assertThat(outside.resolve("file")).hasContent("stays");
  }

  @Test
  void whatIsNotThereIsDeleted() {
    Trees.delete(directory.resolve("none"));
    Trees.delete(directory.resolve("none/below"));
  }

  @Test
  void aFileGoesAndALinkGoesItself() throws IOException {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), outside);
    Path file = Files.writeString(directory.resolve("file"), "goes");
    Trees.delete(link);
    Trees.delete(file);
    assertThat(link).doesNotExist();
    assertThat(file).doesNotExist();
    assertThat(outside).exists();
  }

  @Test
  void deeperTreesThanPathsCanNameAreDeleted() throws IOException {
    Path tree = Files.createDirectory(directory.resolve("tree"));
    String name = "d".repeat(200);
    // Each level goes over what there is, so that no path becomes too long.
    for (int i = 0; i < 60; i++) {
      Path above = Files.createDirectory(directory.resolve("above"));
      Files.move(tree, above.resolve(name));
      Files.move(above, tree);
    }
    Trees.delete(tree);
    assertThat(tree).doesNotExist();
    try (var rest = Files.newDirectoryStream(directory)) {
      assertThat(rest).isInstanceOf(SecureDirectoryStream.class).isEmpty();
    }
  }
}
