package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.AttachOpened;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A process's stdin: holds what the agent has not acknowledged, to send it again to the next
/// Attach, and blocks its writer when that fills the agent's window. Offsets count from the first
/// byte written here; the agent's count from [#base]. Thread-safe.
final class StdinPipe extends OutputStream {
  /// Whatever window the agent offers, the supervisor's memory is bounded.
  static final int MAX_WINDOW = 1024 * 1024;

  private static final int MAX_CHUNK = 64 * 1024;

  private final ByteRing ring = new ByteRing(MAX_WINDOW);
  private @Nullable Attachment target;
  private boolean opened;
  private int window = MAX_CHUNK;
  private long base;
  private long acked;
  private long sent;
  private long sentEver;
  private boolean closed;
  private boolean eofSent;
  private @Nullable String broken;

  /// The agent answered an Attach: sends again what it has not got.
  synchronized void opened(Attachment attachment, AttachOpened answer) {
    if (!opened) {
      opened = true;
      base = answer.getStdinOffset();
    }
    long offset = answer.getStdinOffset() - base;
    check(offset >= acked && offset <= sentEver, answer.getStdinOffset());
    window = (int) Math.min(MAX_WINDOW, Integer.toUnsignedLong(answer.getStdinWindow()));
    forget(offset);
    sent = offset;
    eofSent = false;
    if (answer.getStdinClosed()) {
      eofSent = true;
      end(closed ? "stream closed" : "the command's stdin is closed");
      return;
    }
    target = attachment;
    pump();
    notifyAll();
  }

  synchronized void acknowledged(long agentOffset) {
    long offset = agentOffset - base;
    check(offset <= sentEver, agentOffset);
    if (offset > acked) { // an older one may follow the offset that Attach began with
      forget(offset);
      sent = Math.max(sent, offset);
      pump();
      notifyAll();
    }
  }

  private static void check(boolean legal, long offset) {
    if (!legal) {
      throw new PortalException(
          "protocol_error", "the guest agent acknowledged stdin at offset " + offset);
    }
  }

  private void forget(long offset) {
    if (broken == null) {
      ring.skip((int) (offset - acked));
    }
    acked = offset;
  }

  synchronized void detached() {
    target = null;
  }

  /// Nothing will read it any more.
  ///
  /// @param why the message of later writes
  synchronized void end(String why) {
    target = null;
    if (broken == null) {
      broken = why;
      ring.clear();
    }
    notifyAll();
  }

  private void pump() {
    long written = acked + ring.size();
    Attachment to = target;
    if (to == null) {
      return;
    }
    while (sent < written && sent - acked < window) {
      long count = Math.min(Math.min(MAX_CHUNK, written - sent), window - (sent - acked));
      ByteString chunk = ring.peek((int) (sent - acked), (int) count);
      to.stdin(chunk);
      sent += count;
      sentEver = Math.max(sentEver, sent);
    }
    if (closed && sent == written && !eofSent) {
      eofSent = true;
      to.stdinEof();
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] data, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, data.length);
    int done = 0;
    while (done < length) {
      awaitSpace();
      int count = Math.min(length - done, window - ring.size());
      ring.write(data, offset + done, count);
      done += count;
      pump();
    }
  }

  private void awaitSpace() throws IOException {
    while (broken == null && !closed && ring.size() >= window) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("writing a command's stdin was interrupted");
      }
    }
    if (closed) {
      throw new IOException("stream closed");
    }
    if (broken != null) {
      throw new IOException(broken);
    }
  }

  /// Lets the process see the end of input behind what was written. Does not wait.
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      pump();
      notifyAll();
    }
  }
}
