package io.boxlite.cli;

import io.boxlite.cli.terminal.PosixTerminal;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.JarFile;

/// What the build runs to fill the ahead-of-time cache: commands of every kind, in one process,
/// against a supervisor without boxes. Whether they succeed does not matter.
public final class Training {
  private static final String[][] COMMANDS = {
    {"--help"},
    {"create", "--name", "x", "--cpus", "1", "--memory", "512", "-e", "A=b", "base", "true"},
    {"create", "--name", "y", "base"},
    {"list"},
    {"list", "-a"},
    {"list", "-a", "--format", "json"},
    {"images"},
    {"images", "--format", "yaml"},
    {"info"},
    {"template", "list"},
    {"inspect", "x"},
    {"inspect", "no-such-box"},
    {"inspect", "-f", "{{.State.Status}} {{json .}}", "x"},
    {"start", "no-such-box"},
    {"stop", "x"},
    {"logs", "-n", "5", "x"},
    {"exec", "-i", "-e", "A=b", "no-such-box", "--", "true"},
    {"run", "--rm", "--cpus", "1", "--memory", "512", "--name", "z", "no-such-image", "true"},
    {"rm", "-f", "x", "y"},
    {"rm", "--no-such-flag"},
  };

  private Training() {}

  /// Runs the commands.
  ///
  /// @param arguments the home of a running supervisor
  /// @throws IOException if a jar cannot be read
  public static void main(String[] arguments) throws IOException {
    Cli cli =
        new Cli(
            new ByteArrayInputStream(new byte[0]),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            Map.of("BOXLITE_HOME", arguments[0]),
            PosixTerminal::new,
            SupervisorStarter::connectOnly);
    for (String[] command : COMMANDS) {
      cli.run(command);
    }
    new PosixTerminal().isTerminal();
    loadOwnClasses();
    System.exit(0);
  }

  /// What only a box would use, such as its streams, is at least loaded.
  private static void loadOwnClasses() throws IOException {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (Path.of(entry).getFileName().toString().startsWith("boxlite-")
          && !entry.contains("picocli")) {
        try (JarFile jar = new JarFile(entry)) {
          jar.stream()
              .map(file -> file.getName())
              .filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
              .forEach(name -> load(name.substring(0, name.length() - 6).replace('/', '.')));
        }
      }
    }
  }

  private static void load(String name) {
    try {
      Class.forName(name, false, Training.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      // Then it is not in the cache.
      return;
    }
  }
}
