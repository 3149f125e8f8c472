package io.boxlite.vmm.qemu.internal.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Finds programs of the host.
public final class Programs {
  private static final String DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

  private Programs() {}

  /// {@return where programs are looked for: `PATH`, or what is usual}
  ///
  /// @param environment environment variables
  public static String path(Map<String, String> environment) {
    String path = environment.getOrDefault("PATH", "");
    return path.isEmpty() ? DEFAULT_PATH : path;
  }

  /// Finds a program.
  ///
  /// @param name its file name
  /// @param environment environment variables
  /// @return the first one that can be executed
  public static Optional<Path> find(String name, Map<String, String> environment) {
    for (String directory : path(environment).split(":", -1)) {
      // A relative directory would mean another program in every working directory.
      if (directory.startsWith("/")) {
        Path program = Path.of(directory, name);
        if (Files.isRegularFile(program) && Files.isExecutable(program)) {
          return Optional.of(program);
        }
      }
    }
    return Optional.empty();
  }
}
