package io.boxlite.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/// A temporary directory that is gone when it is closed.
///
/// @param path short, as a user's home is
record WorkDirectory(Path path) implements AutoCloseable {
  static WorkDirectory create() throws IOException {
    return new WorkDirectory(Files.createTempDirectory("bl-bench-"));
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }
}
