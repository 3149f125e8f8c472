package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A home of its own for one test class, driven through the real command; nothing of it is left
/// when it is closed.
final class TestHome implements AutoCloseable {
  static final Duration COMMAND_LIMIT = Duration.ofMinutes(5);
  private static final Path ROOT = Path.of(System.getProperty("boxlite.root")).normalize();

  /// The command.
  static final Path BOXLITE = ROOT.resolve("boxlite");

  /// Templates that an earlier test had made: making one takes seconds, and is the same each time.
  private static final Path TEMPLATES = Path.of(System.getProperty("boxlite.it.templates"));

  private final Path directory;
  private final Map<String, String> environment;
  private final boolean sharesTemplates;

  /// A home without a warm pool, with the templates of earlier tests.
  TestHome() {
    this(Map.of());
  }

  /// The same, but for these variables.
  TestHome(Map<String, String> environment) {
    this(environment, true);
  }

  private TestHome(Map<String, String> environment, boolean sharesTemplates) {
    try {
      // A short path, as a user's is: the long-path case has a test of its own.
      this.directory = Files.createTempDirectory("bl-it-");
      this.environment = new HashMap<>(Map.of("BOXLITE_WARM_POOL", "0"));
      this.environment.putAll(environment);
      this.sharesTemplates = sharesTemplates;
      if (sharesTemplates) {
        copyTemplates(TEMPLATES, templates());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A home as a new user has it.
  static TestHome withoutTemplates(Map<String, String> environment) {
    return new TestHome(environment, false);
  }

  Path templates() {
    return home().resolve("init/templates");
  }

  /// Copies those that are complete and not there yet, with their times.
  private static void copyTemplates(Path from, Path to) throws IOException {
    Files.createDirectories(from);
    Files.createDirectories(to);
    try (Stream<Path> templates = Files.list(from)) {
      for (Path template : templates.toList()) {
        Path target = to.resolve(template.getFileName());
        if (Files.exists(template.resolve("manifest")) && !Files.exists(target)) {
          Process cp =
              new ProcessBuilder(
                      "cp", "-a", "--sparse=always", template.toString(), target.toString())
                  .inheritIO()
                  .start();
          cp.onExit().join();
        }
      }
    }
  }

  Path home() {
    return directory.resolve("home");
  }

  /// What a command came to.
  record Result(int exitCode, byte[] stdout, byte[] stderr) {
    String out() {
      return new String(stdout, StandardCharsets.UTF_8);
    }

    String err() {
      return new String(stderr, StandardCharsets.UTF_8);
    }

    Result ok() {
      assertThat(exitCode).as("exit code; stderr: %s stdout: %s", err(), out()).isZero();
      return this;
    }
  }

  Result run(String... arguments) {
    return runWithInput(new byte[0], arguments);
  }

  Result runWithInput(byte[] input, String... arguments) {
    return finish(start(arguments), input);
  }

  /// Starts `boxlite` and leaves its streams to the caller.
  Process start(String... arguments) {
    return start(Map.of(), arguments);
  }

  /// The same, with more in its environment.
  Process start(Map<String, String> more, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(BOXLITE.toString());
    command.addAll(List.of(arguments));
    return startProcess(command, more);
  }

  /// Starts any command with this home in its environment.
  Process startProcess(List<String> command) {
    return startProcess(command, Map.of());
  }

  private Process startProcess(List<String> command, Map<String, String> more) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("BOXLITE_HOME", home().toString());
    builder.environment().putAll(environment);
    builder.environment().putAll(more);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Runs a program of the host, which must succeed.
  static Result onHost(String... command) throws IOException {
    return finish(new ProcessBuilder(command).start(), new byte[0]).ok();
  }

  /// Feeds a process and reads it to its end.
  static Result finish(Process process, byte[] input) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Thread stdout = Thread.ofVirtual().start(() -> copy(process.getInputStream(), out));
    Thread stderr = Thread.ofVirtual().start(() -> copy(process.getErrorStream(), err));
    try {
      try (OutputStream stdin = process.getOutputStream()) {
        stdin.write(input);
      } catch (IOException _) {
        // It ended without reading all: its exit code tells.
      }
      assertThat(process.waitFor(COMMAND_LIMIT.toSeconds(), TimeUnit.SECONDS))
          .as("ended within %s; stderr so far: %s", COMMAND_LIMIT, err)
          .isTrue();
      stdout.join();
      stderr.join();
      return new Result(process.exitValue(), out.toByteArray(), err.toByteArray());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static void copy(InputStream from, OutputStream to) {
    try {
      from.transferTo(to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Waits until something holds.
  static void await(String what, BooleanSupplier condition) {
    Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).as("within 60 s: %s", what).isBefore(deadline);
      java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
    }
  }

  /// {@return processes that belong to this home: supervisor and VMs}
  List<ProcessHandle> processes() {
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.filter(ProcessHandle::isAlive).filter(this::isOurs).toList();
    }
  }

  List<ProcessHandle> vms() {
    return processes().stream()
        .filter(process -> commandLine(process).contains("qemu-system"))
        .toList();
  }

  ProcessHandle supervisor() {
    return findSupervisor().orElseThrow();
  }

  private Optional<ProcessHandle> findSupervisor() {
    return processes().stream()
        .filter(process -> commandLine(process).contains("SupervisorMain"))
        .findFirst();
  }

  /// Kills the supervisor, if there is one.
  void killSupervisor() {
    findSupervisor()
        .ifPresent(supervisor -> {
          supervisor.destroyForcibly();
          await("supervisor ended", () -> !supervisor.isAlive());
        });
  }

  private boolean isOurs(ProcessHandle process) {
    return commandLine(process).contains(home().toString());
  }

  /// {@return the arguments of a process, with blanks between; empty when it has ended}
  ///
  /// @param process of this machine
  static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(
              Path.of("/proc", Long.toString(process.pid()), "cmdline"),
              StandardCharsets.ISO_8859_1)
          .replace('\0', ' ');
    } catch (IOException _) {
      return "";
    }
  }

  /// {@return what lies in the directory of boxes}
  List<String> boxDirectories() {
    return entries("boxes");
  }

  /// {@return names of what a directory of the home has; none when it is not there}
  List<String> entries(String directory) {
    Path parent = home().resolve(directory);
    if (!Files.exists(parent)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(parent)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    // The supervisor first, so that it cannot start anything more.
    for (int round = 0; round < 2; round++) {
      processes().forEach(ProcessHandle::destroyForcibly);
      await("processes of " + home() + " ended", () -> processes().isEmpty());
    }
    try {
      if (sharesTemplates && Files.exists(templates())) {
        copyTemplates(templates(), TEMPLATES);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
