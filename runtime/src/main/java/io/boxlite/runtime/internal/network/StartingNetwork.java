package io.boxlite.runtime.internal.network;

import io.boxlite.api.InternalException;
import io.boxlite.api.NetworkException;
import io.boxlite.runtime.internal.vm.HelperProcess;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The network of a box while its VM is being had: its process and its proxy start meanwhile.
/// Confined to one thread.
public final class StartingNetwork implements AutoCloseable {
  /// Of a box that has none.
  static final StartingNetwork NONE = new StartingNetwork(null, null, _ -> BoxNet.NONE);

  private final @Nullable HelperProcess process;
  private final @Nullable FutureTask<Interception> interception;
  private final Function<Interception, BoxNet> open;
  private boolean connected;

  private StartingNetwork(
      @Nullable HelperProcess process,
      @Nullable FutureTask<Interception> interception,
      Function<Interception, BoxNet> open) {
    this.process = process;
    this.interception = interception;
    this.open = open;
  }

  /// @param process owned from here on
  /// @param interception makes what looks into connections, in the background
  /// @param open makes the network when the process is connected, and owns what it is given
  static StartingNetwork of(
      HelperProcess process,
      Supplier<Interception> interception,
      Function<Interception, BoxNet> open) {
    FutureTask<Interception> task = new FutureTask<>(interception::get);
    Thread.ofPlatform().daemon().name("interception").start(task);
    return new StartingNetwork(process, task, open);
  }

  /// {@return whom programs of the box must trust; waits until that is known}
  public Optional<GuestTrust> trust() {
    return interception == null ? Optional.empty() : await(interception).trust();
  }

  /// Connects it to the box's VM.
  ///
  /// @param socket of the VM
  /// @return the network, to be closed by the caller
  public BoxNet connect(Supplier<Path> socket) {
    if (process == null || interception == null) {
      return BoxNet.NONE;
    }
    Interception ready = await(interception);
    process.connect(socket.get());
    connected = true;
    return open.apply(ready);
  }

  private static Interception await(FutureTask<Interception> task) {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NetworkException("interrupted", "start of a network was interrupted", e, Map.of());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException known) {
        throw known;
      }
      throw new InternalException(
          "network_failed", "start of a network: " + e.getCause(), e, Map.of());
    }
  }

  /// Ends what is not connected.
  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
    if (interception != null && !connected) {
      // Whoever opens it may still be at it.
      Thread.ofVirtual()
          .name("interception-end")
          .start(() -> {
            try {
              interception.get().close();
            } catch (InterruptedException | ExecutionException _) {
              // There is nothing to close.
            }
          });
    }
  }
}
