package io.boxlite.runtime.internal.portal;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.CopyChunk;
import io.boxlite.protocol.agent.v1.CopyOutRequest;
import io.boxlite.protocol.agent.v1.CopyOutResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Files of a box, as the agent sends them: a tar. Reads throw the exceptions of [Portal].
///
/// The gRPC stream is never left unread, for it shares the connection with others: what has come
/// waits here, at most one window of chunks, and is acknowledged when it has been read. Reading and
/// closing belong to one thread.
final class CopyOutStream extends InputStream
    implements ClientResponseObserver<CopyOutRequest, CopyOutResponse> {
  static final int WINDOW = 16;
  static final int MAX_DATA = 64 * 1024;
  static final int MAX_ZEROS = 16 * 1024 * 1024;

  private sealed interface Event {
    record Chunk(CopyChunk chunk) implements Event {}

    record End() implements Event {}

    record Failure(Throwable cause) implements Event {}
  }

  private final String what;
  private final Duration patience;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private @Nullable ClientCallStreamObserver<CopyOutRequest> requests;
  private CopyChunk current = CopyChunk.getDefaultInstance();
  private int position;
  private boolean over;
  private long received; // only the call's callbacks, which come one at a time
  private volatile long consumed;

  /// @param what names it in messages
  /// @param patience how long the agent may take for the next chunk
  CopyOutStream(String what, Duration patience) {
    this.what = what;
    this.patience = patience;
  }

  @Override
  public synchronized void beforeStart(ClientCallStreamObserver<CopyOutRequest> call) {
    requests = call;
  }

  @Override
  public void onNext(CopyOutResponse response) {
    CopyChunk chunk = response.getChunk();
    int size = size(chunk);
    received++;
    int limit = chunk.hasData() ? MAX_DATA : MAX_ZEROS;
    if (size < 1 || size > limit || received - consumed > WINDOW) {
      events.add(
          new Event.Failure(
              new PortalException(
                  "protocol_error",
                  "the guest agent sent a chunk of " + size + " bytes, or too many")));
      cancel();
      return;
    }
    events.add(new Event.Chunk(chunk));
  }

  private static int size(CopyChunk chunk) {
    return chunk.hasData() ? chunk.getData().size() : chunk.getZeros();
  }

  @Override
  public void onError(Throwable failure) {
    events.add(new Event.Failure(failure));
  }

  @Override
  public void onCompleted() {
    events.add(new Event.End());
  }

  // Nothing may be sent on a call that the other thread has cancelled.
  private synchronized void cancel() {
    ClientCallStreamObserver<CopyOutRequest> call = requests;
    if (call != null) {
      requests = null;
      call.cancel("not wanted any more", null);
    }
  }

  synchronized void send(CopyOutRequest request) {
    ClientCallStreamObserver<CopyOutRequest> call = requests;
    if (call != null) {
      call.onNext(request);
    }
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    if (position == size(current) && !next()) {
      return -1;
    }
    int count = Math.min(length, size(current) - position);
    if (current.hasData()) {
      current.getData().substring(position, position + count).copyTo(buffer, offset);
    } else {
      Arrays.fill(buffer, offset, offset + count, (byte) 0);
    }
    position += count;
    return count;
  }

  private boolean next() {
    if (over) {
      return false;
    }
    if (position > 0) {
      long read = consumed + 1; // only this thread writes it
      consumed = read;
      current = CopyChunk.getDefaultInstance();
      position = 0;
      send(CopyOutRequest.newBuilder().setAcked(consumed).build());
    }
    return switch (await()) {
      case Event.Chunk(CopyChunk chunk) -> {
        current = chunk;
        yield true;
      }
      case Event.End _ -> {
        over = true;
        yield false;
      }
      case Event.Failure(Throwable cause) -> {
        over = true;
        throw AgentErrors.map(what, cause);
      }
    };
  }

  private Event await() {
    try {
      Event event = events.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      return event != null
          ? event
          : fail(new PortalException("timeout", what + ": the guest agent sends nothing"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return fail(new PortalException("interrupted", what + ": interrupted", e, Map.of()));
    }
  }

  private Event fail(BoxliteException failure) {
    close();
    throw failure;
  }

  @Override
  public void close() {
    if (!over) {
      over = true;
      cancel();
    }
  }
}
