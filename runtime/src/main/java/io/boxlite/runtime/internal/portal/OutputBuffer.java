package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.api.PortalException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// One output stream of a process: what the agent sent and nobody has read, and the accounting that
/// makes a slow reader hold back its own process only (docs/portal.md, flow control). Offsets are
/// the agent's. Thread-safe.
///
/// At first everything is held back until somebody takes the stream or [#letGo()] says that nobody
/// will: otherwise a fast process would lose output before its caller can ask for the stream. Then,
/// as long as nobody takes the stream, its newest bytes are kept; of those the newer half stays
/// unacknowledged, so that a supervisor which comes after this one gets it too. With a tap
/// everything is acknowledged at once, since the tap has it.
final class OutputBuffer {
  /// Most bytes that the agent may have sent beyond the last acknowledgement.
  static final int WINDOW = 256 * 1024;

  static final int MAX_CHUNK = 64 * 1024;

  /// Acknowledging each read would cost a message per read.
  private static final int ACK_BATCH = 64 * 1024;

  private final boolean tapped;
  private final LongConsumer acknowledge;
  private final Runnable reading;
  // What an untaken stream kept may be acknowledged: the agent can send a window on top of it.
  private final ByteRing ring = new ByteRing(2 * WINDOW);
  private final InputStream reader = new Reader();
  private long end;
  private long acked;
  private long expected;
  private boolean attaching = true;
  private boolean held;
  private boolean taken;
  private boolean closed;
  private boolean finished;
  private @Nullable IOException failure;

  /// Makes one for a process that nobody attached to yet.
  ///
  /// @param tapped whether every byte is kept elsewhere too
  /// @param held whether output waits for a taker until [#letGo()]
  /// @param acknowledge tells the agent an offset; must not block
  /// @param reading called without locks before each read
  OutputBuffer(boolean tapped, boolean held, LongConsumer acknowledge, Runnable reading) {
    this.tapped = tapped;
    this.held = held;
    this.acknowledge = acknowledge;
    this.reading = reading;
  }

  /// A new Attach begins: the agent may repeat what its predecessor did not acknowledge.
  synchronized void attaching() {
    attaching = true;
    if (acked > 0) {
      acknowledge.accept(acked); // the last one may have been lost with the old portal
    }
  }

  /// Checks a chunk. What is new of it is then to be given to [#keep], before the next chunk comes.
  ///
  /// @return the part of it that is new
  /// @throws PortalException if the agent breaks the protocol
  synchronized ByteString fresh(long offset, ByteString data) {
    check(data.size() > 0 && data.size() <= MAX_CHUNK, "a chunk of " + data.size() + " bytes");
    check(offset >= 0 && offset <= Long.MAX_VALUE - data.size(), "offset " + offset);
    if (attaching) {
      attaching = false;
      expected = offset;
      if (offset > end) { // dropped by the agent, or consumed through an earlier supervisor
        end = offset;
        acked = offset;
      }
    }
    check(offset == expected, "offset " + offset + " instead of " + expected);
    expected = offset + data.size();
    if (expected <= end) {
      return ByteString.EMPTY;
    }
    ByteString fresh = data.substring((int) (end - offset));
    check(expected - acked <= WINDOW, "more than " + WINDOW + " bytes unacknowledged");
    return fresh;
  }

  private static void check(boolean legal, String what) {
    if (!legal) {
      throw new PortalException("protocol_error", "the guest agent sent output with " + what);
    }
  }

  /// Takes what is new, for the reader. From here on it may be acknowledged.
  synchronized void keep(ByteString fresh) {
    end += fresh.size();
    if (closed) {
      acknowledgeUpTo(end, ACK_BATCH);
      return;
    }
    boolean dropping = !taken && !held;
    if (dropping) {
      ring.skip(Math.max(0, ring.size() + fresh.size() - WINDOW));
    }
    ring.write(fresh);
    if (dropping) {
      acknowledgeUpTo(tapped ? end : end - WINDOW / 2, ACK_BATCH / 2);
    }
    notifyAll();
  }

  /// Nobody waits for the taker any more: an untaken stream begins to drop its oldest bytes.
  synchronized void letGo() {
    if (held && !taken) {
      acknowledgeUpTo(end - WINDOW / 2, 1);
    }
    held = false;
  }

  private void acknowledgeUpTo(long offset, int atLeast) {
    if (offset - acked >= atLeast) {
      acked = offset;
      acknowledge.accept(offset);
    }
  }

  /// {@return the reader's end; from now on nothing is dropped}
  synchronized InputStream take() {
    taken = true;
    return reader;
  }

  /// Everything has arrived.
  synchronized void finish() {
    finished = true;
    notifyAll();
  }

  /// Nothing more will arrive: readers get what is there, then the failure.
  synchronized void fail(IOException cause) {
    if (!finished) {
      failure = cause;
      notifyAll();
    }
  }

  private synchronized int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (ring.size() == 0 && !closed && !finished && failure == null) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("reading a command's output was interrupted");
      }
    }
    if (closed) {
      throw new IOException("stream closed");
    }
    if (ring.size() == 0) {
      return atEnd();
    }
    int count = ring.read(target, offset, length);
    acknowledgeUpTo(end - ring.size(), ring.size() == 0 ? 1 : ACK_BATCH);
    return count;
  }

  private int atEnd() throws IOException {
    ring.clear();
    if (failure != null) {
      throw new IOException(failure.getMessage(), failure);
    }
    return -1;
  }

  private synchronized int available() {
    return ring.size();
  }

  private synchronized void discard() {
    closed = true;
    ring.clear();
    acknowledgeUpTo(end, 1);
    notifyAll();
  }

  /// Closing it lets the process write on, to nobody.
  private final class Reader extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      reading.run();
      return OutputBuffer.this.read(target, offset, length);
    }

    @Override
    public int available() {
      return OutputBuffer.this.available();
    }

    @Override
    public void close() {
      discard();
    }
  }
}
