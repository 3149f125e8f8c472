package io.boxlite.vmm.qemu.internal.process;

import io.boxlite.api.EngineException;
import io.boxlite.api.UnsupportedEngineException;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Starts a QEMU process and connects to it. Immutable; thread-safe.
///
/// The process leads a session of its own, so that neither the death of this program nor a Ctrl-C
/// at its terminal reaches it, and it sees nothing of this program's environment.
public final class QemuLauncher {
  /// Reason of the failure of a QEMU that does not take a saved state.
  public static final String TEMPLATE_REFUSED = "template_refused";

  private static final Duration POLL = Duration.ofMillis(1);
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration STRAY_LIMIT = Duration.ofSeconds(2);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

  private final Map<String, String> environment;

  /// Makes a launcher.
  ///
  /// @param environment variables of this program: `PATH` and `LANG` are passed on
  public QemuLauncher(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /// A QEMU that runs, its guest paused.
  ///
  /// @param process to be ended by whoever has this
  /// @param qmp to be closed by whoever has this
  public record Launched(HostProcess process, QmpClient qmp) {}

  /// What to start.
  ///
  /// @param command program and arguments
  /// @param directory to run it in
  /// @param input its standard input
  /// @param log that its output is appended to
  /// @param sockets that its arguments name
  public record Launch(
      List<String> command, Path directory, Path input, Path log, Sockets sockets) {
    /// Standard input of a QEMU that reads nothing.
    public static final Path NO_INPUT = Path.of("/dev/null");
  }

  /// Starts it. A QEMU that already listens on the same QMP socket, which a supervisor has started
  /// and died before it could record it, is ended first.
  ///
  /// @param launch what to start
  /// @param listener told of QMP events, as [QmpClient#connect] has it
  /// @param prepare done with it before it is handed out; if that fails, the start fails
  /// @return the running QEMU
  /// @throws EngineException if it does not start; then its process and sockets are gone
  public Launched start(Launch launch, Consumer<QmpEvent> listener, Consumer<Launched> prepare) {
    endStray(launch.sockets());
    LogTail tail = LogTail.from(launch.log());
    try (ServerSocketChannel started = listen(launch.sockets().started())) {
      ChildProcess process = spawn(launch);
      try {
        awaitStarted(started, process);
        QmpClient qmp = QmpClient.connect(launch.sockets().qmp(), START_LIMIT, listener);
        try {
          Launched launched = new Launched(process, qmp);
          prepare.accept(launched);
          awaitSocket(launch.sockets().network(), process);
          return launched;
        } catch (RuntimeException e) {
          qmp.close();
          throw e;
        }
      } catch (RuntimeException e) {
        throw undo(launch.sockets(), process, tail, e);
      }
    } catch (IOException e) {
      throw new EngineException(
          "qemu_start",
          "qemu cannot be started in " + launch.directory() + ": " + e.getMessage(),
          e,
          Map.of());
    } finally {
      delete(launch.sockets().started());
    }
  }

  private static void endStray(Sockets sockets) {
    if (Files.exists(sockets.qmp())) {
      try (QmpClient stray = QmpClient.connect(sockets.qmp(), STRAY_LIMIT, event -> {})) {
        stray.execute("quit", Map.of(), STRAY_LIMIT);
        stray.ended().get(STRAY_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (EngineException | ExecutionException e) {
        // The usual case: a socket that a killed QEMU left, nobody listens.
      } catch (TimeoutException e) {
        throw new EngineException(
            "vm_busy", "another qemu serves " + sockets.qmp() + " and does not end; kill it");
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
    deleteSockets(sockets);
  }

  private static ServerSocketChannel listen(Path socket) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      return server.bind(UnixDomainSocketAddress.of(socket), 1);
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private ChildProcess spawn(Launch launch) throws IOException {
    Path setsid =
        Programs.find("setsid", environment)
            .orElseThrow(() ->
                new UnsupportedEngineException(
                    "no_setsid", "no program setsid on PATH: apt-get install util-linux"));
    // setsid replaces itself with QEMU and does not fork, since a child of the JVM leads no process
    // group: the pid is QEMU's.
    List<String> command = new ArrayList<>();
    command.add(setsid.toString());
    command.addAll(launch.command());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(launch.directory().toFile());
    builder.redirectInput(launch.input().toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
    Map<String, String> variables = builder.environment();
    variables.clear();
    variables.put("PATH", Programs.path(environment));
    variables.put("HOME", "/");
    variables.put("LANG", environment.getOrDefault("LANG", "C.UTF-8"));
    return new ChildProcess(builder.start());
  }

  /// Waits until QEMU has connected. If it ends instead, the server channel is closed, which wakes
  /// the thread that accepts.
  private static void awaitStarted(ServerSocketChannel server, HostProcess process) {
    CompletableFuture<Boolean> connected = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("qemu-started " + process.id().pid())
        .start(() -> {
          try {
            server.accept().close();
            connected.complete(true);
          } catch (IOException e) {
            connected.complete(false);
          }
        });
    var _ = process.onExit().thenRun(() -> connected.complete(false));
    try {
      if (!connected.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new EngineException("qemu_start", "it ended at once");
      }
    } catch (TimeoutException e) {
      throw new EngineException(
          "qemu_start", "it did not open its sockets within " + START_LIMIT.toSeconds() + " s");
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /// Waits for the socket of the network card, which QEMU, unlike its others, makes on a thread of
  /// its own: it may come after all that QEMU has told.
  private static void awaitSocket(Path socket, HostProcess process) {
    long end = System.nanoTime() + START_LIMIT.toNanos();
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() - end > 0) {
        throw new EngineException("qemu_start", "it did not open " + socket);
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  private static RuntimeException undo(
      Sockets sockets, HostProcess process, LogTail tail, RuntimeException failure) {
    // QEMU says why it gives up before it closes its connection, and ends right after that.
    OptionalInt status = closedByQemu(failure) ? statusOf(process) : OptionalInt.empty();
    try {
      end(process, sockets, Duration.ZERO);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    if (!(failure instanceof EngineException engine) || engine.reason().equals("interrupted")) {
      return failure;
    }
    String log = tail.text();
    String ending =
        status.isPresent() ? "qemu ended with status " + status.getAsInt() : withoutPrefix(engine);
    boolean refused = engine.reason().equals(TEMPLATE_REFUSED);
    return new EngineException(
        refused ? TEMPLATE_REFUSED : "qemu_start",
        (refused ? "template cannot be restored: " : "qemu cannot be started: ")
            + ending
            + (log.isEmpty() ? "" : ": " + log),
        failure,
        status.isPresent()
            ? Map.of("exit_status", Integer.toString(status.getAsInt()), "log", log)
            : Map.of("log", log));
  }

  private static boolean closedByQemu(RuntimeException failure) {
    return failure instanceof EngineException engine
        && List.of("qemu_start", "qmp_closed", "qmp_connect", TEMPLATE_REFUSED)
            .contains(engine.reason());
  }

  private static OptionalInt statusOf(HostProcess process) {
    try {
      return process.onExit().completeOnTimeout(OptionalInt.empty(), 1, TimeUnit.SECONDS).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return OptionalInt.empty();
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /// {@return the message of a failure that becomes part of another message}
  ///
  /// @param e the failure
  public static String withoutPrefix(EngineException e) {
    String message = String.valueOf(e.getMessage());
    String prefix = e.code().messagePrefix();
    return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
  }

  /// Ends a process without QMP, and removes its sockets.
  ///
  /// @param process to end
  /// @param sockets to remove
  /// @param patience between SIGTERM and SIGKILL; zero sends SIGKILL only
  /// @throws EngineException if it survives SIGKILL, or the thread is interrupted: then it has been
  ///   sent SIGKILL, too
  public static void end(HostProcess process, Sockets sockets, Duration patience) {
    try {
      if (patience.isPositive()) {
        process.terminate();
        if (process.awaitExit(patience)) {
          return;
        }
      }
      process.kill();
      if (!process.awaitExit(KILL_LIMIT)) {
        throw new EngineException(
            "qemu_survives",
            "process "
                + process.id().pid()
                + ": still there "
                + KILL_LIMIT.toSeconds()
                + " s after SIGKILL; it hangs in the kernel, see /proc/"
                + process.id().pid()
                + "/stack");
      }
    } catch (InterruptedException e) {
      process.kill();
      throw interrupted(e);
    } finally {
      deleteSockets(sockets);
    }
  }

  private static EngineException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new EngineException(
        "interrupted", "interrupted while qemu starts or ends", cause, Map.of());
  }

  private static void deleteSockets(Sockets sockets) {
    delete(sockets.qmp());
    delete(sockets.portal());
    delete(sockets.volumes());
    delete(sockets.network());
    delete(sockets.started());
  }

  private static void delete(Path socket) {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      // The next bind says so if it is in the way.
    }
  }
}
