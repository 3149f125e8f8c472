package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Saves and loads all of a VM but its memory, by QEMU's migration: with the capability
/// `x-ignore-shared` it leaves out memory that is a file of its own.
///
/// Source: QEMU's `qapi/migration.json` and `docs/devel/migration.rst`.
final class Migration {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /// A state has some hundred KiB.
  private static final long MAX_STATE_BYTES = 64L << 20;

  private static final Map<String, Object> CAPABILITIES =
      Map.of(
          "capabilities",
          List.of(
              Map.of("capability", "x-ignore-shared", "state", true),
              Map.of("capability", "events", "state", true)));

  private Migration() {}

  /// Has a QEMU that waits for it read the state from its standard input.
  ///
  /// @throws EngineException if it does not accept it; it ends then, and says why in its log
  static void load(QmpClient qmp, VmEvents events) {
    qmp.execute("migrate-set-capabilities", CAPABILITIES, LIMIT);
    qmp.execute("migrate-incoming", Map.of("uri", "fd:0"), LIMIT);
    await(qmp, events, "load");
  }

  /// Saves the state of a VM that is paused.
  ///
  /// @param socket where QEMU sends it; made and removed
  /// @param state file to make
  static void save(QmpClient qmp, VmEvents events, Path socket, Path state) {
    qmp.execute("migrate-set-capabilities", CAPABILITIES, LIMIT);
    try {
      Files.deleteIfExists(socket);
      try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(socket), 1);
        CompletableFuture<Void> written = new CompletableFuture<>();
        Thread.ofVirtual().name("save " + state).start(() -> receive(server, state, written));
        qmp.execute("migrate", Map.of("uri", "unix:" + socket), LIMIT);
        await(qmp, events, "save");
        join(written);
      } finally {
        Files.deleteIfExists(socket);
      }
    } catch (IOException e) {
      throw failed("save", e.toString(), e);
    }
  }

  private static void receive(
      ServerSocketChannel server, Path state, CompletableFuture<Void> written) {
    try (SocketChannel from = server.accept();
        FileChannel to =
            FileChannel.open(state, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      long total = 0;
      while (from.read(buffer.clear()) >= 0) {
        total += buffer.flip().remaining();
        if (total > MAX_STATE_BYTES) {
          throw new IOException("it is larger than " + MAX_STATE_BYTES + " bytes");
        }
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
      }
      to.force(true);
      written.complete(null);
    } catch (IOException e) {
      written.completeExceptionally(e);
    }
  }

  private static void join(CompletableFuture<Void> written) throws IOException {
    try {
      written.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    } catch (TimeoutException e) {
      throw new IOException("it did not arrive within " + LIMIT.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static void await(QmpClient qmp, VmEvents events, String what) {
    CompletableFuture<String> end = qmp.ended().thenApply(_ -> "QEMU ended");
    try {
      Object outcome =
          CompletableFuture.anyOf(events.migrated(), end)
              .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      if (!outcome.equals("completed")) {
        throw failed(what, outcome.toString(), null);
      }
    } catch (TimeoutException e) {
      throw failed(what, "not done within " + LIMIT.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw failed(what, String.valueOf(e.getCause()), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /// Waits until a file is on stable storage.
  static void sync(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    } catch (IOException e) {
      throw failed("save", e.toString(), e);
    }
  }

  private static EngineException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new EngineException("interrupted", "interrupted while a VM is saved", cause, Map.of());
  }

  private static EngineException failed(
      String what, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new EngineException("migration", what + " of a VM: " + why, cause, Map.of());
  }
}
