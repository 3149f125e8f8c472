package io.boxlite.cli;

import io.boxlite.cli.terminal.PosixTerminal;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarFile;

/// What the build runs to fill the ahead-of-time cache: commands of every kind, in one process,
/// against a supervisor without boxes, and those that need a box against a [ScriptedServer].
/// Whether they succeed does not matter. The command line is put together as [Main] does it: the
/// cache keeps a lambda only for the place in the code where it was made.
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
    {"inspect", "base"},
    {"history", "base"},
    {"tag", "base", "base:two"},
    {"rmi", "base:two"},
    {"image", "prune", "-f"},
    {"system", "df"},
    {"info"},
    {"template", "list"},
    {"inspect", "x"},
    {"inspect", "no-such-box"},
    {"inspect", "-f", "{{.State.Status}} {{json .}}", "x"},
    {"start", "no-such-box"},
    {"stop", "x"},
    {"logs", "-n", "5", "x"},
    {"stats", "x"},
    {"exec", "-i", "-e", "A=b", "no-such-box", "--", "true"},
    {
      "run",
      "--rm",
      "--cpus",
      "1",
      "--memory",
      "512",
      "--name",
      "z",
      "--pull",
      "never",
      "no-such-image",
      "true"
    },
    {"rm", "-f", "x", "y"},
    {"rm", "--no-such-flag"},
  };

  private static final String[][] COMMANDS_IN_A_BOX = {
    {"run", "--rm", "base", "true"},
    {"run", "-d", "base", "true"},
    {"exec", "-e", "A=b", "x", "--", "true"},
    {"--registry", "localhost:1", "pull", "base"},
  };

  private Training() {}

  /// Runs the commands.
  ///
  /// @param arguments the home of a running supervisor
  /// @throws IOException if a jar cannot be read, or nobody can listen in that home
  public static void main(String[] arguments) throws IOException {
    Path home = Path.of(arguments[0]);
    run(home, COMMANDS);
    Path scripted = Files.createDirectories(home.resolve("scripted"));
    try (ScriptedServer _ = ScriptedServer.open(scripted)) {
      run(scripted, COMMANDS_IN_A_BOX);
    }
    new PosixTerminal().isTerminal();
    loadOwnClasses();
    System.exit(0);
  }

  private static void run(Path home, String[][] commands) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_HOME", home.toString());
    for (String[] command : commands) {
      Main.cli(environment).run(command);
    }
  }

  /// What no command used is at least loaded.
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
