package io.boxlite.runtime.internal.volume;

import io.avaje.jsonb.Json;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Starts the process that serves a box's volumes to its VM. It outlives this program and ends with
/// the VM, whose connection it has: nobody has to know or end it.
public final class VolumeServer {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final byte[] READY = "ready\n".getBytes(StandardCharsets.US_ASCII);

  private VolumeServer() {}

  /// A volume.
  ///
  /// @param path absolute path of a directory or regular file
  /// @param readOnly whether the guest may only read it
  @Json(naming = Json.Naming.LowerUnderscore)
  public record Share(String path, boolean readOnly) {}

  /// What the program reads.
  @Json(naming = Json.Naming.LowerUnderscore)
  record Order(List<Share> volumes) {}

  /// Starts it and waits until it is connected to the VM.
  ///
  /// @param program the program
  /// @param socket of the VM
  /// @param shares in the order of their numbers
  /// @param log what it says is appended here
  /// @throws ConfigException if the program is not there
  /// @throws EngineException if it cannot serve; then it has ended
  public static void start(Path program, Path socket, List<Share> shares, Path log) {
    if (!Files.isExecutable(program)) {
      throw new ConfigException(
          "volume_server_not_found",
          "program " + program + " that serves volumes is not there; build it with tools/build.sh");
    }
    ProcessBuilder builder = new ProcessBuilder(program.toString(), socket.toString());
    builder.directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    try {
      Process process = builder.start();
      boolean ready = false;
      try {
        try (OutputStream order = process.getOutputStream()) {
          Jsonb json = Jsonb.builder().build();
          order.write(json.type(Order.class).toJsonBytes(new Order(shares)));
        }
        ready = awaitReady(process);
      } finally {
        if (!ready) {
          process.destroyForcibly();
        }
      }
      if (!ready) {
        throw failed("it ended at once; see " + log, null);
      }
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
    } catch (IOException e) {
      throw failed(e.toString(), e);
    }
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
      throw new EngineException("interrupted", "interrupted while volumes start", e, Map.of());
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private static EngineException failed(
      String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new EngineException(
        "volume_server", "volumes cannot be served: " + why, cause, Map.of());
  }
}
