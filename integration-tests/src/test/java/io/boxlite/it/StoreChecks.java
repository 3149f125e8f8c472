package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ImageInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What other tools and the file system say about the images of a home.
///
/// @param home the home
record StoreChecks(TestHome home) {
  private Path images() {
    return home.home().resolve("images");
  }

  /// Checks that other tools can read every image that has a name.
  void isValid(Boxlite boxlite) {
    run("umoci", "ls", "--layout", images().toString());
    for (ImageInfo image : boxlite.images().list()) {
      if (image.reference().equals(image.id())) {
        continue; // it has lost its name: other tools cannot ask for it
      }
      String name = images() + ":" + image.reference();
      assertThat(run("skopeo", "inspect", "--format", "{{.Digest}}", "oci:" + name).strip())
          .isEqualTo(image.id());
      run("umoci", "stat", "--image", name);
      Path copy = images().resolveSibling("copy");
      run("skopeo", "copy", "-q", "oci:" + name, "oci:" + copy + ":copy"); // it checks all digests
      run("rm", "-rf", copy.toString());
    }
  }

  /// Runs a tool of the host, which must succeed.
  ///
  /// @return what it printed
  String run(String... command) {
    return TestHome.finish(home.startProcess(List.of(command)), new byte[0]).ok().out();
  }

  /// {@return all blobs and converted layers, relative to the store}
  Set<String> files() {
    Set<String> files = new TreeSet<>();
    for (String directory : List.of("blobs/sha256", "layers")) {
      if (Files.isDirectory(images().resolve(directory))) {
        try (Stream<Path> entries = Files.walk(images().resolve(directory))) {
          files.addAll(
              entries
                  .filter(Files::isRegularFile)
                  .map(file -> images().relativize(file).toString())
                  .collect(Collectors.toSet()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return files;
  }

  boolean hasBlob(TestLayer layer) {
    return Files.exists(images().resolve("blobs/sha256").resolve(hex(layer.digest())));
  }

  boolean hasConverted(TestLayer layer) {
    return Files.exists(images().resolve("layers").resolve(hex(layer.diffId()) + ".erofs"));
  }

  /// {@return how much of a layer an unfinished pull has left}
  long partialBytes(TestLayer layer) {
    try (Stream<Path> files = Files.list(images().resolve("partial"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(hex(layer.digest())))
          .mapToLong(file -> file.toFile().length())
          .sum();
    } catch (IOException e) {
      return 0; // nothing was left
    }
  }

  private static String hex(String digest) {
    return digest.substring("sha256:".length());
  }
}
