package io.boxlite.vmm.qemu.internal.template;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.qemu.internal.command.MigrationCommands;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Saves the state of one VM. QEMU may not run programs, and Java cannot hand it an open file: so
/// it sends the state to a socket. Immutable.
///
/// @param qmp control of the VM
/// @param outcome told of its events
/// @param socket where to listen for the state; at most 107 bytes long; gone afterwards
/// @param state file to make
/// @param memory file that the VM's memory is
public record StateSave(
    QmpClient qmp, MigrationOutcome outcome, Path socket, Path state, Path memory) {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int BUFFER_BYTES = 1 << 16;

  /// A state has some hundred KiB. One of this size has the guest's memory in it.
  private static final long MAX_BYTES = 64L << 20;

  /// Pauses the VM and saves it.
  ///
  /// @throws EngineException reason `save_failed`, or one of [QmpClient#execute]
  public void run() {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Files.deleteIfExists(socket);
      server.bind(UnixDomainSocketAddress.of(socket), 1);
      CompletableFuture<String> received = new CompletableFuture<>();
      Thread receiver =
          Thread.ofVirtual()
              .name("vm-save " + state)
              .start(() -> received.complete(receive(server)));
      try {
        qmp.executeAll(MigrationCommands.save(socket), LIMIT);
        String end = outcome.await(qmp, LIMIT);
        if (!end.equals(MigrationOutcome.COMPLETED)) {
          // What is wrong here is why QEMU could not send.
          String why = received.completeOnTimeout("", 1, TimeUnit.SECONDS).join();
          throw failed(why.isEmpty() ? "qemu says: " + end : why, null);
        }
        await(received);
      } finally {
        // Closes what it waits for.
        receiver.interrupt();
      }
      try (FileChannel channel = FileChannel.open(memory, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
    } catch (IOException e) {
      throw failed(e.toString(), e);
    } finally {
      deleteSocket();
    }
  }

  /// {@return why the state is not in its file; empty if it is}
  private String receive(ServerSocketChannel server) {
    try (SocketChannel from = server.accept();
        FileChannel to =
            FileChannel.open(
                state,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
      while (from.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
        if (to.position() > MAX_BYTES) {
          return "it is larger than " + (MAX_BYTES >> 20) + " MiB";
        }
      }
      to.force(true);
      return "";
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void await(CompletableFuture<String> received) {
    String why;
    try {
      why = received.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      why = "it was not received within " + LIMIT.toSeconds() + " s";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "interrupted while a VM is saved", e, Map.of());
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
    if (!why.isEmpty()) {
      throw failed(why, null);
    }
  }

  private EngineException failed(String why, @Nullable Throwable cause) {
    return new EngineException(
        "save_failed", "state of a VM cannot be saved to " + state + ": " + why, cause, Map.of());
  }

  private void deleteSocket() {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      // The next save says so if it is in the way.
    }
  }
}
