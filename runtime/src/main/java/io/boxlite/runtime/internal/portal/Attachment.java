package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.protocol.agent.v1.AttachOpen;
import io.boxlite.protocol.agent.v1.AttachRequest;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.OutputAck;
import io.boxlite.protocol.agent.v1.StdinChunk;
import io.boxlite.protocol.agent.v1.StdinEof;
import io.boxlite.protocol.agent.v1.Stream;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import org.jspecify.annotations.Nullable;

/// One Attach call: the only thing that a session loses with its portal. Sending never blocks and
/// is bounded: stdin by its window, acknowledgements because only the newest of each stream waits.
/// Thread-safe.
final class Attachment implements ClientResponseObserver<AttachRequest, AttachResponse> {
  /// Receives the call's events, one at a time, never on the event loop.
  interface Listener {
    void received(Attachment from, AttachResponse response);

    /// The call is over.
    ///
    /// @param failure null when the agent ended the call in good order
    void ended(Attachment from, @Nullable Throwable failure);
  }

  private final Listener listener;
  private final Portal portal;
  private final long[] wantedAcks = new long[Stream.values().length];
  private final long[] sentAcks = new long[Stream.values().length];
  private @Nullable ClientCallStreamObserver<AttachRequest> requests;
  private boolean started;
  private boolean over;
  private boolean opened;

  Attachment(Listener listener, Portal portal) {
    this.listener = listener;
    this.portal = portal;
  }

  Portal portal() {
    return portal;
  }

  /// {@return whether this is the first message, when asked once for each} Repeated, it would make
  /// this side send the same stdin again and again.
  boolean expectsOpened() {
    boolean first = !opened;
    opened = true;
    return first;
  }

  /// Opens the call; the answer arrives at the listener.
  void start(AttachOpen open) {
    portal.attach(this);
    send(AttachRequest.newBuilder().setOpen(open).build());
    synchronized (this) {
      started = true;
    }
    sendAcks();
  }

  void stdin(ByteString data) {
    send(AttachRequest.newBuilder().setStdin(StdinChunk.newBuilder().setData(data)).build());
  }

  void stdinEof() {
    send(AttachRequest.newBuilder().setStdinEof(StdinEof.getDefaultInstance()).build());
  }

  synchronized void acknowledge(Stream stream, long offset) {
    wantedAcks[stream.getNumber()] = offset;
    sendAcks();
  }

  /// Ends the call from this side; the process goes on.
  synchronized void cancel() {
    if (!over && requests != null) {
      over = true;
      requests.cancel("detached", null);
    }
  }

  private synchronized void send(AttachRequest request) {
    if (!over && requests != null) {
      requests.onNext(request);
    }
  }

  /// A guest that never reads must not make acknowledgements pile up here: they wait, merged, until
  /// the call is ready.
  private synchronized void sendAcks() {
    if (!started || requests == null || !requests.isReady()) {
      return;
    }
    for (Stream stream : new Stream[] {Stream.STREAM_STDOUT, Stream.STREAM_STDERR}) {
      int index = stream.getNumber();
      if (wantedAcks[index] > sentAcks[index]) {
        sentAcks[index] = wantedAcks[index];
        send(
            AttachRequest.newBuilder()
                .setAck(OutputAck.newBuilder().setStream(stream).setOffset(wantedAcks[index]))
                .build());
      }
    }
  }

  @Override
  public synchronized void beforeStart(ClientCallStreamObserver<AttachRequest> requestStream) {
    requests = requestStream;
    requestStream.setOnReadyHandler(this::sendAcks);
  }

  @Override
  public void onNext(AttachResponse response) {
    listener.received(this, response);
  }

  @Override
  public void onError(Throwable failure) {
    ended(failure);
  }

  @Override
  public void onCompleted() {
    ended(null);
  }

  private void ended(@Nullable Throwable failure) {
    synchronized (this) {
      over = true;
    }
    listener.ended(this, failure);
  }
}
