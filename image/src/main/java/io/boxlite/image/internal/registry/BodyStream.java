package io.boxlite.image.internal.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The body of an answer as a stream that fails when no byte comes for a while. HttpClient's own
/// stream would wait for ever.
///
/// Read by one thread; [#close] is legal on any. Interruption fails a read and closes the stream.
final class BodyStream extends InputStream implements HttpResponse.BodySubscriber<BodyStream> {
  private static final int PARTS_AHEAD = 16; // of 16 KiB as a rule

  private sealed interface Item {}

  private record Part(List<ByteBuffer> buffers) implements Item {}

  private record End(Optional<Throwable> failure) implements Item {}

  private final Duration stall;
  // INVARIANT: holds no more parts than were asked for, so nothing ever waits for room.
  private final BlockingQueue<Item> items = new LinkedBlockingQueue<>();
  private Iterator<ByteBuffer> part = Collections.emptyIterator();
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private @Nullable End end;
  private Flow.@Nullable Subscription subscription;
  private boolean closed;

  BodyStream(Duration stall) {
    this.stall = stall;
  }

  @Override
  public CompletionStage<BodyStream> getBody() {
    return CompletableFuture.completedStage(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription newSubscription) {
    synchronized (this) {
      if (closed || subscription != null) {
        newSubscription.cancel();
        return;
      }
      subscription = newSubscription;
    }
    newSubscription.request(PARTS_AHEAD);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    items.add(new Part(buffers));
  }

  @Override
  public void onError(Throwable failure) {
    items.add(new End(Optional.of(failure)));
  }

  @Override
  public void onComplete() {
    items.add(new End(Optional.empty()));
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /// Reads what is there, at least one byte.
  ///
  /// @throws SocketTimeoutException if none came in time
  /// @throws InterruptedIOException if the thread was interrupted; its flag stays set
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!buffer.hasRemaining() && !advance(done == 0)) {
        break;
      }
      int count = Math.min(length - done, buffer.remaining());
      buffer.get(bytes, offset + done, count);
      done += count;
    }
    return done == 0 && length > 0 ? -1 : done;
  }

  /// Goes to the next buffer with a byte.
  ///
  /// @param wait whether to wait for it
  /// @return whether there is one
  private boolean advance(boolean wait) throws IOException {
    while (true) {
      while (part.hasNext()) {
        buffer = part.next();
        if (buffer.hasRemaining()) {
          return true;
        }
      }
      if (end != null) {
        return ended(end, wait);
      }
      Item item = wait ? take() : items.poll();
      switch (item) {
        case null -> {
          return false;
        }
        case Part(List<ByteBuffer> buffers) -> {
          part = buffers.iterator();
          request();
        }
        case End last -> end = last;
      }
    }
  }

  // What came before a failure is given first.
  private static boolean ended(End end, boolean wait) throws IOException {
    if (wait && end.failure.isPresent()) {
      Throwable failure = end.failure.get();
      throw new IOException(Errors.text(failure), failure);
    }
    return false;
  }

  private Item take() throws IOException {
    try {
      Item item = items.poll(stall.toNanos(), TimeUnit.NANOSECONDS);
      if (item == null) {
        close();
        throw new SocketTimeoutException("no byte for " + stall.toMillis() + " ms");
      }
      return item;
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  private synchronized void request() {
    if (subscription != null && !closed) {
      subscription.request(1);
    }
  }

  /// Gives up the rest, and with it the connection if there is a rest.
  @Override
  public void close() {
    Flow.Subscription cancelled;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      cancelled = subscription;
    }
    if (cancelled != null) {
      cancelled.cancel();
    }
    items.add(new End(Optional.of(new IOException("closed"))));
  }
}
