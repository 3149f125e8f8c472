package io.boxlite.runtime.internal.volume;

import io.avaje.jsonb.Json;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The process that serves a box's volumes to its VM. It is started before there is a VM, and once
/// it is connected to that it outlives this program and ends with it: nobody has to know or end it.
/// Confined to one thread.
public final class VolumeServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final byte[] READY = "ready\n".getBytes(StandardCharsets.US_ASCII);

  private final Path log;
  private final Jsonb json = Jsonb.builder().build();
  private final FutureTask<Process> starting;
  private boolean connected;

  /// A volume.
  ///
  /// @param path absolute path of a directory or regular file
  /// @param readOnly whether the guest may only read it
  /// @param owned whether it is of this home, and so this user's, whoever a box gives it to
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Share(String path, boolean readOnly, boolean owned) {}

  /// What the program reads first.
  @Json(naming = Json.Naming.LowerUnderscore)
  record Order(List<Share> volumes) {}

  /// What it reads when there is a VM.
  @Json(naming = Json.Naming.LowerUnderscore)
  record Guest(String socket) {}

  private VolumeServer(Path program, List<Share> shares, Path log) {
    this.log = log;
    this.starting = new FutureTask<>(() -> start(program, shares));
  }

  /// Starts it, in the background. What goes wrong is told by [#connect].
  ///
  /// @param program the program
  /// @param shares in the order of their numbers
  /// @param log what it says is appended here
  /// @return it, to be closed by the caller
  /// @throws ConfigException if the program is not there
  public static VolumeServer open(Path program, List<Share> shares, Path log) {
    if (!Files.isExecutable(program)) {
      throw new ConfigException(
          "volume_server_not_found",
          "program " + program + " that serves volumes is not there; build it with tools/build.sh");
    }
    VolumeServer server = new VolumeServer(program, shares, log);
    Thread.ofVirtual().name("volumes-start").start(server.starting);
    return server;
  }

  private Process start(Path program, List<Share> shares) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(program.toString(), log.toString());
    builder.directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    try {
      tell(process, json.type(Order.class).toJsonBytes(new Order(shares)));
      return process;
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static void tell(Process process, byte[] what) throws IOException {
    process.getOutputStream().write(what);
    process.getOutputStream().flush();
  }

  /// Waits until it is connected to the VM.
  ///
  /// @param socket of the VM
  /// @throws EngineException if it cannot serve; then it has ended
  public void connect(Path socket) {
    Process process = started();
    try {
      tell(process, json.type(Guest.class).toJsonBytes(new Guest(socket.toString())));
      process.getOutputStream().close();
    } catch (IOException e) {
      throw failed("it ended at once; see " + log, e);
    }
    if (!awaitReady(process)) {
      throw failed("it ended at once; see " + log, null);
    }
    connected = true;
    var _ =
        process
            .onExit()
            .thenAccept(ended -> {
              if (ended.exitValue() != 0) {
                LOG.log(
                    System.Logger.Level.WARNING,
                    "volumes: their server ended with status {0}; see {1}",
                    ended.exitValue(),
                    log);
              }
            });
  }

  private Process started() {
    try {
      return starting.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw failed(String.valueOf(e.getCause()), e);
    }
  }

  /// Ends it, unless it is connected.
  @Override
  public void close() {
    if (connected) {
      return;
    }
    // Whether it is there by now or not: whoever is the last to come ends it.
    Thread.ofVirtual()
        .name("volumes-end")
        .start(() -> {
          try {
            starting.get().destroyForcibly();
          } catch (InterruptedException | ExecutionException _) {
            // It has not started.
          }
        });
  }

  private static boolean awaitReady(Process process) {
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("volumes-ready " + process.pid())
        .start(() -> {
          try (InputStream said = process.getInputStream()) {
            ready.complete(java.util.Arrays.equals(said.readNBytes(READY.length), READY));
          } catch (IOException e) {
            ready.complete(false);
          }
        });
    try {
      return ready.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw failed("it was not ready within " + LIMIT.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private static EngineException interrupted(InterruptedException e) {
    return new EngineException("interrupted", "interrupted while volumes start", e, Map.of());
  }

  private static EngineException failed(
      String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new EngineException(
        "volume_server", "volumes cannot be served: " + why, cause, Map.of());
  }
}
