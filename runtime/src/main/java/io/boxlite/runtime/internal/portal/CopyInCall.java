package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.protocol.agent.v1.CopyChunk;
import io.boxlite.protocol.agent.v1.CopyInOpen;
import io.boxlite.protocol.agent.v1.CopyInRequest;
import io.boxlite.protocol.agent.v1.CopyInResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Sends a tar to the agent, which unpacks it: never more than a window of chunks ahead of it.
/// Zeros are not sent as such.
final class CopyInCall implements ClientResponseObserver<CopyInRequest, CopyInResponse> {
  private static final byte[] ZEROS = new byte[AgentTar.MAX_DATA];
  private static final int MAX_WARNINGS = 101; // the agent tells 100
  private static final int MAX_WARNING = 8 * 1024;

  private final String what;
  private final Duration patience;
  private final List<String> warnings = new ArrayList<>();
  private @Nullable ClientCallStreamObserver<CopyInRequest> requests;
  private long sent;
  private long acked;
  private boolean over;
  private @Nullable Throwable failure;

  /// @param what names it in messages
  /// @param patience how long the agent may take for a chunk
  CopyInCall(String what, Duration patience) {
    this.what = what;
    this.patience = patience;
  }

  @Override
  public synchronized void beforeStart(ClientCallStreamObserver<CopyInRequest> call) {
    requests = call;
  }

  @Override
  public synchronized void onNext(CopyInResponse response) {
    if (response.hasAcked() && response.getAcked() >= acked && response.getAcked() <= sent) {
      acked = response.getAcked();
    } else if (response.hasWarning()
        && warnings.size() < MAX_WARNINGS
        && response.getWarning().length() <= MAX_WARNING) {
      warnings.add(response.getWarning());
    } else {
      end(new PortalException("protocol_error", "the guest agent answered what cannot be"));
    }
    notifyAll();
  }

  @Override
  public synchronized void onError(Throwable cause) {
    end(cause);
  }

  @Override
  public synchronized void onCompleted() {
    over = true;
    notifyAll();
  }

  private synchronized void end(Throwable cause) {
    if (failure == null) {
      failure = cause;
    }
    over = true;
    notifyAll();
  }

  /// Sends all of it and waits until it is unpacked.
  ///
  /// @return what the agent has skipped
  List<String> send(CopyInOpen open, InputStream tar) {
    boolean done = false;
    try {
      put(CopyInRequest.newBuilder().setOpen(open).build());
      byte[] buffer = new byte[AgentTar.MAX_DATA];
      int zeros = 0;
      int count = tar.readNBytes(buffer, 0, buffer.length);
      while (count > 0 && !isOver()) {
        boolean zero = Arrays.equals(buffer, 0, count, ZEROS, 0, count);
        if (zeros > 0 && (!zero || zeros + count > AgentTar.MAX_ZEROS)) {
          putChunk(CopyChunk.newBuilder().setZeros(zeros).build());
          zeros = 0;
        }
        if (zero) {
          zeros += count;
        } else {
          ByteString data = UnsafeByteOperations.unsafeWrap(buffer, 0, count);
          putChunk(CopyChunk.newBuilder().setData(data).build());
          buffer = new byte[buffer.length]; // that one belongs to the call now
        }
        count = tar.readNBytes(buffer, 0, buffer.length);
      }
      if (zeros > 0) {
        putChunk(CopyChunk.newBuilder().setZeros(zeros).build());
      }
      finish();
      done = true;
      return List.copyOf(warnings);
    } catch (IOException e) {
      throw new StorageException(
          "copy_failed", what + ": cannot read what is to be copied: " + e, e, Map.of());
    } finally {
      if (!done) {
        cancel();
      }
    }
  }

  private synchronized boolean isOver() {
    return over;
  }

  private synchronized void put(CopyInRequest request) {
    ClientCallStreamObserver<CopyInRequest> call = requests;
    if (call != null && !over) {
      call.onNext(request);
    }
  }

  private synchronized void putChunk(CopyChunk chunk) {
    long before = acked;
    long deadline = System.nanoTime() + patience.toNanos();
    while (sent - acked >= CopyOutStream.WINDOW && !over) {
      if (acked != before) {
        before = acked;
        deadline = System.nanoTime() + patience.toNanos();
      }
      await(deadline);
    }
    sent++;
    put(CopyInRequest.newBuilder().setChunk(chunk).build());
  }

  private synchronized void finish() {
    ClientCallStreamObserver<CopyInRequest> call = requests;
    if (call != null && !over) {
      call.onCompleted();
    }
    long deadline = System.nanoTime() + patience.toNanos();
    while (!over) {
      await(deadline);
    }
    Throwable cause = failure;
    if (cause != null) {
      throw AgentErrors.map(what, cause);
    }
  }

  // Both callers check their condition again.
  @SuppressWarnings("WaitNotInLoop")
  private synchronized void await(long deadline) {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new PortalException("timeout", what + ": the guest agent takes nothing");
    }
    try {
      wait(left);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PortalException("interrupted", what + ": interrupted", e, Map.of());
    }
  }

  private synchronized void cancel() {
    ClientCallStreamObserver<CopyInRequest> call = requests;
    requests = null;
    over = true;
    if (call != null) {
      call.cancel("not wanted any more", null);
    }
  }
}
