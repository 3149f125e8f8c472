package io.boxlite.cli;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.StorageException;
import io.boxlite.client.RemoteBoxlite;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.LogBody;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Reaches the supervisor of a home, and starts one in the background when none answers.
///
/// Several command lines may do this at once: every supervisor but the one that gets the home's
/// lock leaves with exit code 0, and all wait for the socket.
final class SupervisorStarter {
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final int POLL_MILLIS = 20;
  private static final int TAIL_BYTES = 16 * 1024;
  private static final int TAIL_LINES = 5;

  /// What a supervisor needs to know; everything else of the environment, such as secrets, stays
  /// here and out of a process that lives for a long time.
  private static final List<String> PASSED_ON =
      List.of(
          "PATH",
          "HOME",
          "USER",
          "LANG",
          "LC_ALL",
          "LC_CTYPE",
          "TZ",
          "TMPDIR",
          "JAVA_HOME",
          "RUST_LOG",
          "BOXLITE_JAVA_HOME",
          "BOXLITE_TMPDIR",
          "BOXLITE_WARM_POOL",
          "BOXLITE_DNS",
          "SSL_CERT_FILE",
          "BOXLITE_PUBLISH_IP",
          "BOXLITE_TEMPLATES",
          "BOXLITE_LOG",
          "BOXLITE_LOG_FORMAT",
          "BOXLITE_GUEST_DIR",
          "BOXLITE_KERNEL",
          "BOXLITE_INITRAMFS",
          "BOXLITE_ACCEL",
          "BOXLITE_BOOT_TIMEOUT_SECONDS",
          "BOXLITE_DIST",
          "BOXLITE_IMAGE_MAX_ENTRIES",
          "BOXLITE_IMAGE_MAX_UNCOMPRESSED_BYTES",
          "BOXLITE_IMAGE_MAX_FILE_BYTES",
          "BOXLITE_IMAGE_MAX_RATIO",
          "BOXLITE_IMAGE_MAX_PATH_DEPTH",
          "BOXLITE_IMAGE_MAX_NAME_BYTES",
          "DOCKER_CONFIG",
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "http_proxy",
          "https_proxy",
          "no_proxy",
          "BOXLITE_CRASH_POINT_FILE",
          "BOXLITE_IDLE_SECONDS");

  /// Go through a pipe, the latter because they have headers with keys: environments of processes
  /// can be read, and this one lives for long.
  private static final String SECRET_KEY = "BOXLITE_SECRET_KEY";

  private static final String TELEMETRY = "OTEL_";
  private static final List<String> TRACES =
      List.of("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");

  /// Tells the launcher that the supervisor needs the libraries for traces.
  private static final String WITH_TRACES = "BOXLITE_TRACES";

  private final Path home;
  private final List<String> launcher;
  private final Map<String, String> environment;
  private final Function<Path, Optional<Boxlite>> connector;
  private final Duration deadline;

  /// Where the log of the supervisor that was started here begins.
  private long logStart;

  SupervisorStarter(
      Path home,
      List<String> launcher,
      Map<String, String> environment,
      Function<Path, Optional<Boxlite>> connector,
      Duration deadline) {
    this.home = home;
    this.launcher = launcher;
    this.environment = environment;
    this.connector = connector;
    this.deadline = deadline;
  }

  /// Opens a home as a client, with the launcher that started this process.
  ///
  /// @param registries how registries are reached when this client fetches or sends images
  static Boxlite open(Path home, List<ImageRegistry> registries) {
    List<String> launcher = List.of(System.getProperty("boxlite.launcher", "boxlite"));
    return new SupervisorStarter(
            home, launcher, System.getenv(), path -> running(path, registries), DEADLINE)
        .connect();
  }

  private static Optional<Boxlite> running(Path home, List<ImageRegistry> registries) {
    return RemoteBoxlite.find(socket(home), registries).map(found -> found);
  }

  private static Path socket(Path home) {
    return home.resolve("boxlite.sock");
  }

  /// {@return a client of the home's supervisor}
  ///
  /// @throws StorageException if no supervisor answers in time, or the one that was started died
  Boxlite connect() {
    Optional<Boxlite> running = connector.apply(home);
    return running.isPresent() ? running.get() : await(start());
  }

  private Process start() {
    try {
      Path log = log();
      // Private from the beginning, whichever process comes first.
      Files.createDirectories(
          log.getParent(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      // A session of its own: no signal of this terminal reaches it.
      List<String> command = new ArrayList<>(List.of("setsid"));
      command.addAll(launcher);
      command.addAll(List.of("__supervisor", "--home", home.toString()));
      String confidential = confidential();
      if (!confidential.isEmpty()) {
        command.add("--confidential");
      }
      logStart = Files.exists(log) ? Files.size(log) : 0;
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.directory(home.toFile());
      builder.environment().clear();
      builder.environment().putAll(passedOn());
      builder.redirectInput(
          confidential.isEmpty()
              ? ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())
              : ProcessBuilder.Redirect.PIPE);
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Process supervisor = builder.start();
      if (!confidential.isEmpty()) {
        tell(supervisor, confidential);
      }
      return supervisor;
    } catch (IOException e) {
      throw new StorageException(
          "supervisor_not_started",
          "cannot start the supervisor of " + home + ": " + e.getMessage(),
          e,
          Map.of());
    }
  }

  /// {@return variables, each with a NUL behind it}
  private String confidential() {
    StringBuilder all = new StringBuilder();
    environment.forEach((name, value) -> {
      if ((name.equals(SECRET_KEY) && !value.isEmpty()) || name.startsWith(TELEMETRY)) {
        all.append(name).append('=').append(value).append('\0');
      }
    });
    return all.toString();
  }

  private static void tell(Process supervisor, String confidential) {
    try (OutputStream input = supervisor.getOutputStream()) {
      input.write(confidential.getBytes(StandardCharsets.UTF_8));
    } catch (IOException _) {
      // It has ended: its log says why.
    }
  }

  private Map<String, String> passedOn() {
    Map<String, String> passed = new LinkedHashMap<>();
    for (String name : PASSED_ON) {
      String value = environment.get(name);
      if (value != null) {
        passed.put(name, value);
      }
    }
    if (TRACES.stream().anyMatch(environment::containsKey)) {
      passed.put(WITH_TRACES, "1");
    }
    return passed;
  }

  private Boxlite await(Process supervisor) {
    long end = System.nanoTime() + deadline.toNanos();
    boolean died = false;
    while (System.nanoTime() < end && !died) {
      // One that left with 0 found another owner, which may still be starting.
      died = ended(supervisor) && supervisor.exitValue() != 0;
      Optional<Boxlite> client = connector.apply(home);
      if (client.isPresent()) {
        return client.get();
      }
    }
    throw new StorageException(
        died ? "supervisor_died" : "supervisor_silent",
        "the supervisor of "
            + home
            + (died
                ? " ended with exit code " + supervisor.exitValue()
                : " did not answer within " + deadline.toSeconds() + " s")
            + "; see "
            + log()
            + tail());
  }

  private static boolean ended(Process supervisor) {
    try {
      if (supervisor.isAlive()) {
        return supervisor.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
      }
      Thread.sleep(POLL_MILLIS); // no event tells when the other supervisor opens its socket
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          "interrupted", "interrupted while waiting for the supervisor", e, Map.of());
    }
  }

  private Path log() {
    return home.resolve("logs").resolve("supervisor.log");
  }

  private static String message(String line) {
    if (line.startsWith("{")) {
      try {
        return JsonCodec.read(LogBody.class, line.getBytes(StandardCharsets.UTF_8)).message();
      } catch (ConfigException e) {
        return line; // of something else
      }
    }
    return line;
  }

  /// {@return the last lines of the log but stack frames, on the same line as the error}
  private String tail() {
    try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
      file.seek(Math.max(logStart, file.length() - TAIL_BYTES));
      byte[] bytes = new byte[TAIL_BYTES];
      int count = Math.max(0, file.read(bytes));
      List<String> lines =
          new String(bytes, 0, count, StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith("\tat "))
              .map(SupervisorStarter::message)
              .toList();
      List<String> last = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
      return last.isEmpty() ? "" : ": " + String.join(" | ", last);
    } catch (IOException e) {
      return "";
    }
  }
}
