package io.boxlite.runtime.internal.portal;

import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.protocol.agent.v1.StandStillRequest;
import io.boxlite.protocol.agent.v1.StandStillResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A box whose processes stand still, with all that they have written on its disk, until this is
/// closed. The agent gives up by itself after a while.
public final class StandStill
    implements ClientResponseObserver<StandStillRequest, StandStillResponse>, AutoCloseable {
  private static final String WHAT = "standing still";

  private final CompletableFuture<Boolean> still = new CompletableFuture<>();
  private volatile @Nullable ClientCallStreamObserver<StandStillRequest> call;
  private volatile boolean over;

  StandStill() {}

  @Override
  public void beforeStart(ClientCallStreamObserver<StandStillRequest> stream) {
    call = stream;
  }

  @Override
  public void onNext(StandStillResponse response) {
    still.complete(true);
  }

  @Override
  public void onError(Throwable failure) {
    over = true;
    still.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    over = true;
    still.completeExceptionally(
        new PortalException("protocol_error", "the agent ended the call without an answer"));
  }

  /// Waits for it; on failure nothing is to be closed.
  void await(Duration limit) {
    boolean begun = false;
    try {
      begun = still.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw AgentErrors.map(WHAT, e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      throw new PortalException("timeout", WHAT + ": no answer", e, Map.of());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PortalException("interrupted", WHAT + ": interrupted", e, Map.of());
    } finally {
      if (!begun) {
        close();
      }
    }
  }

  /// Makes sure that the box has not gone on meanwhile.
  ///
  /// @throws StorageException if it has
  public void check() {
    if (over) {
      throw new StorageException(
          "not_still", "the box did not stand still long enough for its disk; try again");
    }
  }

  @Override
  public void close() {
    ClientCallStreamObserver<StandStillRequest> stream = call;
    if (stream != null) {
      stream.cancel("the box may go on", null);
    }
  }
}
