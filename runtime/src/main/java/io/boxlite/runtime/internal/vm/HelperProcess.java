package io.boxlite.runtime.internal.vm;

import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A process beside a VM, which serves something to it. It is started before there is a VM, and
/// once it is connected to that it outlives this program and ends with the VM: nobody has to know
/// or end it. It reads what to serve as a line of JSON, then, when there is a VM, `{"socket":…}`,
/// and says that it is connected by `ready`. Confined to one thread.
public final class HelperProcess implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(2);
  private static final int LAST_WORDS = 1024; // bytes
  private static final byte[] READY = "ready\n".getBytes(StandardCharsets.US_ASCII);

  private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

  private final String what;
  private final Path log;
  private final FutureTask<Process> starting;
  private boolean connected;

  private HelperProcess(String what, Path program, Map<String, ?> order, Path log) {
    this.what = what;
    this.log = log;
    this.starting = new FutureTask<>(() -> start(program, order));
  }

  /// Starts it, in the background. What goes wrong is told by [#connect].
  ///
  /// @param what it is, for messages
  /// @param program the program
  /// @param order what it reads first
  /// @param log what it says is appended here
  /// @return it, to be closed by the caller
  /// @throws ConfigException if the program is not there
  public static HelperProcess open(String what, Path program, Map<String, ?> order, Path log) {
    if (!Files.isExecutable(program)) {
      throw new ConfigException(
          "helper_not_found", "program " + program + " is not there; build it with tools/build.sh");
    }
    HelperProcess helper = new HelperProcess(what, program, order, log);
    Thread.ofVirtual().name(what + "-start").start(helper.starting);
    return helper;
  }

  private Process start(Path program, Map<String, ?> order) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(program.toString(), log.toString());
    builder.directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    try {
      tell(process, order);
      return process;
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static void tell(Process process, Map<String, ?> line) throws IOException {
    process.getOutputStream().write(JSON.toJsonBytes(line));
    process.getOutputStream().flush();
  }

  /// Waits for the end of one whose VM has ended, also when an earlier program has started it. As
  /// long as it lives it has its log locked.
  ///
  /// @param what it is, for messages
  /// @param log of it; when there is none, neither is there a process
  /// @throws EngineException if it takes too long
  public static void awaitEnd(String what, Path log) {
    long end = System.nanoTime() + LIMIT.toNanos();
    try (FileChannel file = FileChannel.open(log, StandardOpenOption.WRITE)) {
      for (FileLock lock = file.tryLock(); lock == null; lock = file.tryLock()) {
        if (System.nanoTime() - end > 0) {
          throw new EngineException(
              "helper_lives",
              what
                  + " are still served, "
                  + LIMIT.toSeconds()
                  + " s after the end of the VM; try"
                  + " again, or end the process that has "
                  + log
                  + " as its argument");
        }
        LockSupport.parkNanos(POLL.toNanos());
      }
    } catch (NoSuchFileException _) {
      // It was never started.
    } catch (IOException e) {
      throw new EngineException("helper_unknown", what + ", " + log + ": " + e, e, Map.of());
    }
  }

  /// Waits until it is connected to the VM.
  ///
  /// @param socket of the VM
  /// @throws EngineException if it cannot serve; then it has ended
  public void connect(Path socket) {
    Process process = started();
    try {
      tell(process, Map.of("socket", socket.toString()));
      process.getOutputStream().close();
    } catch (IOException e) {
      throw failed(lastWords(), e);
    }
    if (!awaitReady(process)) {
      throw failed(lastWords(), null);
    }
    connected = true;
    var _ =
        process
            .onExit()
            .thenAccept(ended -> {
              if (ended.exitValue() != 0) {
                LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: their process ended with status {1}; see {2}",
                    what,
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
        .name(what + "-end")
        .start(() -> {
          try {
            starting.get().destroyForcibly();
          } catch (InterruptedException | ExecutionException _) {
            // It has not started.
          }
        });
  }

  private boolean awaitReady(Process process) {
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    Thread.ofVirtual()
        .name(what + "-ready " + process.pid())
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

  /// {@return that it ended, and why, as it says itself}
  private String lastWords() {
    String said;
    try (FileChannel file = FileChannel.open(log)) {
      ByteBuffer end = ByteBuffer.allocate(LAST_WORDS);
      file.read(end, Math.max(0, file.size() - LAST_WORDS));
      said = StandardCharsets.UTF_8.decode(end.flip()).toString().strip();
    } catch (IOException e) {
      said = e.toString();
    }
    return "it ended at once; the end of "
        + log
        + ": "
        + said.substring(said.lastIndexOf('\n') + 1);
  }

  private EngineException interrupted(InterruptedException e) {
    return new EngineException("interrupted", "interrupted while " + what + " start", e, Map.of());
  }

  private EngineException failed(String why, @Nullable Throwable cause) {
    return new EngineException(
        "helper_failed", what + " cannot be served: " + why, cause, Map.of());
  }
}
