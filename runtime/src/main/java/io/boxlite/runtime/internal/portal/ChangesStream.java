package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.ExportChangesRequest;
import io.boxlite.protocol.agent.v1.ExportChangesResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a box has changed, as the agent sends it: a tar. The box stands still until the stream has
/// been read to its end or is closed. Reads throw the exceptions of [Portal].
///
/// The gRPC stream is never left unread, for it shares the connection with others: what has come
/// waits here, at most one window, and is acknowledged when it has been read. Reading and closing
/// belong to one thread.
final class ChangesStream extends InputStream
    implements ClientResponseObserver<ExportChangesRequest, ExportChangesResponse> {
  private static final int MAX_CHUNK = 64 * 1024;
  private static final int WINDOW = 256 * 1024;
  private static final String WHAT = "changes of the box";

  private sealed interface Event {
    record Chunk(ByteString data) implements Event {}

    record End() implements Event {}

    record Failure(Throwable cause) implements Event {}
  }

  private final Duration patience;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private @Nullable ClientCallStreamObserver<ExportChangesRequest> requests;
  private ByteBuffer current = ByteBuffer.allocate(0);
  private boolean over;
  private long received; // only the call's callbacks, which come one at a time
  private volatile long consumed;

  /// @param patience how long the agent may take for the next bytes
  ChangesStream(Duration patience) {
    this.patience = patience;
  }

  @Override
  public synchronized void beforeStart(ClientCallStreamObserver<ExportChangesRequest> call) {
    requests = call;
  }

  @Override
  public void onNext(ExportChangesResponse response) {
    ByteString data = response.getData();
    received += data.size();
    if (data.isEmpty() || data.size() > MAX_CHUNK || received - consumed > WINDOW) {
      events.add(
          new Event.Failure(
              new PortalException(
                  "protocol_error", "the guest agent sent %d bytes".formatted(data.size()))));
      cancel();
      return;
    }
    events.add(new Event.Chunk(data));
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
    ClientCallStreamObserver<ExportChangesRequest> call = requests;
    if (call != null) {
      requests = null;
      call.cancel("not wanted any more", null);
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
    if (!current.hasRemaining() && !next()) {
      return -1;
    }
    int count = Math.min(length, current.remaining());
    current.get(buffer, offset, count);
    return count;
  }

  private boolean next() {
    if (over) {
      return false;
    }
    acknowledge();
    return switch (await()) {
      case Event.Chunk(ByteString data) -> {
        current = data.asReadOnlyByteBuffer();
        yield true;
      }
      case Event.End _ -> {
        over = true;
        yield false;
      }
      case Event.Failure(Throwable cause) -> {
        over = true;
        throw AgentErrors.map(WHAT, cause);
      }
    };
  }

  private void acknowledge() {
    if (current.limit() > 0) {
      long now = consumed + current.limit();
      consumed = now; // only this thread writes it
      current = ByteBuffer.allocate(0);
      send(now);
    }
  }

  /// Sends how much has been read; 0 begins the export.
  synchronized void send(long offset) {
    ClientCallStreamObserver<ExportChangesRequest> call = requests;
    if (call != null) {
      call.onNext(ExportChangesRequest.newBuilder().setOffset(offset).build());
    }
  }

  private Event await() {
    try {
      Event event = events.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      return event != null
          ? event
          : fail(new PortalException("timeout", WHAT + ": the guest agent sends nothing"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return fail(new PortalException("interrupted", WHAT + ": interrupted", e, Map.of()));
    }
  }

  private Event fail(BoxliteException failure) {
    close();
    throw failure;
  }

  /// Lets the box go on, if it does not yet.
  @Override
  public void close() {
    if (!over) {
      over = true;
      cancel();
    }
  }
}
