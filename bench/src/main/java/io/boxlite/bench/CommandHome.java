package io.boxlite.bench;

import io.boxlite.api.Boxlite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A home whose supervisor the command `boxlite` started, as a user's: with the JVM flags and the
/// caches of the product. Ends that supervisor and its VMs when closed. Confined to one thread.
final class CommandHome implements AutoCloseable {
  private final Path launcher;
  private final Path home;
  private final Map<String, String> settings;
  private final Boxlite client;

  /// Starts the supervisor and becomes its client.
  ///
  /// @param root of the source tree, built
  /// @param home no process owns it
  /// @param settings environment variables of the supervisor on top of this process's
  CommandHome(Path root, Path home, Map<String, String> settings)
      throws IOException, InterruptedException {
    launcher = root.resolve("boxlite");
    this.home = home;
    this.settings = settings;
    command("list");
    client = Boxlite.open(home);
  }

  /// {@return the runtime, as a client of the supervisor, which does not leave meanwhile}
  Boxlite client() {
    return client;
  }

  /// Runs a command, which must succeed; its output is thrown away.
  void command(String... arguments) throws IOException, InterruptedException {
    int code = builder(arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start().waitFor();
    if (code != 0) {
      throw new IllegalStateException(List.of(arguments) + " ended with " + code);
    }
  }

  /// Starts a command and leaves it, and what it says on stderr, to the caller.
  ///
  /// @param more environment variables of the command alone
  Process start(Map<String, String> more, String... arguments) throws IOException {
    ProcessBuilder builder = builder(arguments);
    builder.environment().putAll(more);
    return builder.start();
  }

  private ProcessBuilder builder(String... arguments) {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("BOXLITE_HOME", home.toString());
    builder.environment().putAll(settings);
    return builder;
  }

  /// {@return the supervisor}
  ProcessHandle supervisor() {
    return processes().stream().filter(CommandHome::isSupervisor).findFirst().orElseThrow();
  }

  /// {@return all processes of the home but the supervisor: VMs and what serves them}
  List<ProcessHandle> helpers() {
    return processes().stream().filter(process -> !isSupervisor(process)).toList();
  }

  private List<ProcessHandle> processes() {
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.filter(process -> commandLine(process).contains(home.toString())).toList();
    }
  }

  private static boolean isSupervisor(ProcessHandle process) {
    return commandLine(process).contains("SupervisorMain");
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(
          Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return ""; // It has ended.
    }
  }

  @Override
  public void close() {
    client.close();
    // The supervisor ends its boxes when it is asked to leave; what a failed one left is killed.
    processes().stream().filter(CommandHome::isSupervisor).forEach(ProcessHandle::destroy);
    try {
      Starts.await(
          "supervisor ended", () -> processes().stream().noneMatch(CommandHome::isSupervisor));
    } finally {
      processes().forEach(ProcessHandle::destroyForcibly);
    }
    Starts.await("processes of " + home + " ended", () -> processes().isEmpty());
  }
}
