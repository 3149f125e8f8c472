package io.boxlite.client;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// One blocking connection with a read buffer. One thread reads and another may write at the same
/// time.
final class Connection implements Closeable {
  private static final int BUFFER_BYTES = 32 * 1024;

  private final Wire wire;
  // direct, because a channel would copy a heap buffer through one of its own
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

  Connection(Wire wire) {
    this.wire = wire;
  }

  /// Whether an idle connection can be used again.
  boolean isFresh() {
    return !in.hasRemaining() && wire.isFresh();
  }

  /// Has reads fail that wait longer than this, while nobody writes.
  ///
  /// @param millis 0: never
  void limit(int millis) throws IOException {
    wire.limit(millis);
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    write(ByteBuffer.wrap(bytes, offset, length));
  }

  void write(ByteBuffer bytes) throws IOException {
    wire.write(bytes);
  }

  /// Reads one byte, or -1 at the end.
  int read() throws IOException {
    return in.hasRemaining() || fill() ? in.get() & 0xff : -1;
  }

  /// Reads what is there, at least one byte, or -1 at the end.
  int read(byte[] target, int offset, int length) throws IOException {
    if (!in.hasRemaining() && !fill()) {
      return -1;
    }
    int count = Math.min(length, in.remaining());
    in.get(target, offset, count);
    return count;
  }

  /// Ends this side's half; what comes can still be read.
  void leave() throws IOException {
    wire.leave();
  }

  int require() throws IOException {
    int b = read();
    if (b < 0) {
      throw new EOFException("the connection ended in the middle of a message");
    }
    return b;
  }

  void readFully(byte[] target, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int count = read(target, offset + done, length - done);
      if (count < 0) {
        throw new EOFException("the connection ended in the middle of a message");
      }
      done += count;
    }
  }

  private boolean fill() throws IOException {
    int count = wire.read(in.clear());
    in.flip();
    return count > 0;
  }

  @Override
  public void close() {
    try {
      wire.close();
    } catch (IOException ignored) {
      // nothing is left to be lost: whatever had to arrive was answered
    }
  }
}
