package io.boxlite.vmm.qemu.internal.template;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// How one migration ends, as QEMU's events tell. Thread-safe.
public final class MigrationOutcome implements Consumer<QmpEvent> {
  /// That it went well.
  static final String COMPLETED = "completed";

  private final CompletableFuture<String> end = new CompletableFuture<>();

  @Override
  public void accept(QmpEvent event) {
    if (event.name().equals("MIGRATION")) {
      switch (event.text("status")) {
        case COMPLETED -> end.complete(COMPLETED);
        case "failed", "cancelled" -> end.complete(event.text("status"));
        default -> {
          // Under way.
        }
      }
    }
  }

  /// Waits for the end.
  ///
  /// @param qmp connection that the events come from
  /// @param limit how long
  /// @return [#COMPLETED], or in words what came instead
  /// @throws EngineException if the thread is interrupted
  String await(QmpClient qmp, Duration limit) {
    var _ = qmp.ended().thenRun(() -> end.complete("it ended"));
    try {
      return end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return "it took more than " + limit.toSeconds() + " s";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          "interrupted", "interrupted while qemu saves or loads a VM", e, Map.of());
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }
}
