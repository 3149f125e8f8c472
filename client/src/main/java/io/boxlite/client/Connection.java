package io.boxlite.client;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// One blocking connection with a read buffer. One thread reads and another may write at the same
/// time.
final class Connection implements Closeable {
  private static final int BUFFER_BYTES = 32 * 1024;

  private final SocketChannel channel;
  // direct, because the channel would copy a heap buffer through one of its own
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

  Connection(SocketChannel channel) {
    this.channel = channel;
  }

  /// Whether an idle connection can be used again: neither closed by the peer nor with bytes that
  /// nobody asked for.
  boolean isFresh() {
    if (in.hasRemaining() || !channel.isOpen()) {
      return false;
    }
    try {
      channel.configureBlocking(false);
      int read = channel.read(in.clear());
      in.limit(0);
      channel.configureBlocking(true);
      return read == 0;
    } catch (IOException e) {
      return false;
    }
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    write(ByteBuffer.wrap(bytes, offset, length));
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
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
    int count = channel.read(in.clear());
    in.flip();
    return count > 0;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException ignored) {
      // nothing is left to be lost: whatever had to arrive was answered
    }
  }
}
