package io.boxlite.runtime.internal.portal;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.CopyChunk;
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

/// A tar that the agent sends. Reads throw the exceptions of [Portal].
///
/// The gRPC stream is never left unread, for it shares the connection with others: what has come
/// waits here, at most one window, and is acknowledged when it has been read. Reading and closing
/// belong to one thread.
///
/// @param <Q> what is sent to the agent
/// @param <R> what it answers
abstract class AgentTar<Q, R> extends InputStream implements ClientResponseObserver<Q, R> {
  static final int MAX_DATA = 64 * 1024;
  static final int MAX_ZEROS = 16 * 1024 * 1024;

  private sealed interface Event {
    record Chunk(CopyChunk chunk) implements Event {}

    record End() implements Event {}

    record Failure(Throwable cause) implements Event {}
  }

  private final String what;
  private final Duration patience;
  private final long window;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private @Nullable ClientCallStreamObserver<Q> requests;
  private CopyChunk current = CopyChunk.getDefaultInstance();
  private int position;
  private boolean over;
  private long received; // only the call's callbacks, which come one at a time
  private volatile long consumed;

  /// @param what names it in messages
  /// @param patience how long the agent may take for the next chunk
  /// @param window how much it may send ahead, in what [#weight] measures
  AgentTar(String what, Duration patience, long window) {
    this.what = what;
    this.patience = patience;
    this.window = window;
  }

  /// {@return what is in an answer}
  abstract CopyChunk chunk(R response);

  /// {@return how much of the window a chunk takes}
  abstract long weight(CopyChunk chunk);

  /// {@return what tells the agent how much has been read, in the same measure}
  abstract Q acknowledgement(long consumed);

  @Override
  public final synchronized void beforeStart(ClientCallStreamObserver<Q> call) {
    requests = call;
  }

  @Override
  public final void onNext(R response) {
    CopyChunk chunk = chunk(response);
    int size = size(chunk);
    received += weight(chunk);
    int limit = chunk.hasData() ? MAX_DATA : MAX_ZEROS;
    if (size < 1 || size > limit || received - consumed > window) {
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
  public final void onError(Throwable failure) {
    events.add(new Event.Failure(failure));
  }

  @Override
  public final void onCompleted() {
    events.add(new Event.End());
  }

  // Nothing may be sent on a call that the other thread has cancelled.
  private synchronized void cancel() {
    ClientCallStreamObserver<Q> call = requests;
    if (call != null) {
      requests = null;
      call.cancel("not wanted any more", null);
    }
  }

  final synchronized void send(Q request) {
    ClientCallStreamObserver<Q> call = requests;
    if (call != null) {
      call.onNext(request);
    }
  }

  @Override
  public final int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public final int read(byte[] buffer, int offset, int length) {
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
      long read = consumed + weight(current); // only this thread writes it
      consumed = read;
      current = CopyChunk.getDefaultInstance();
      position = 0;
      send(acknowledgement(read));
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
  public final void close() {
    if (!over) {
      over = true;
      cancel();
    }
  }
}
