package io.boxlite.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// The body of an answer as a stream. Read to its end, the connection can be used again; closed
/// before, the connection is closed too.
final class ResponseBody extends InputStream {
  private static final int CHUNKED = -2;
  private static final int UNTIL_CLOSE = -1;

  private final ResponseHead head;
  private final Connection connection;
  private final RestConnections pool;
  private final boolean reusable;
  private final boolean chunked;
  private final boolean untilClose;
  private long remaining;
  private boolean betweenChunks;
  private boolean ended;
  private volatile boolean closed;

  ResponseBody(Connection connection, RestConnections pool, ResponseHead head, boolean noBody)
      throws IOException {
    this.head = head;
    this.connection = connection;
    this.pool = pool;
    long length = noBody ? 0 : head.isChunked() ? CHUNKED : head.contentLength();
    chunked = length == CHUNKED;
    untilClose = length == UNTIL_CLOSE;
    reusable = !untilClose && !head.closes();
    remaining = Math.max(0, length);
    if (length == 0) {
      end();
    }
  }

  /// Ends this side's half of the connection; from any thread.
  void leave() throws IOException {
    connection.leave();
  }

  ResponseHead head() {
    return head;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (ended || length == 0) {
      return ended ? -1 : 0;
    }
    if (chunked && remaining == 0 && !nextChunk()) {
      end();
      return -1;
    }
    int wanted = untilClose ? length : (int) Math.min(length, remaining);
    int count = connection.read(target, offset, wanted);
    if (count < 0) {
      if (!untilClose) {
        throw new EOFException("the connection ended in the middle of an answer");
      }
      end();
      return -1;
    }
    if (!untilClose) {
      remaining -= count;
      if (remaining == 0 && !chunked) {
        end();
      }
    }
    return count;
  }

  private boolean nextChunk() throws IOException {
    if (betweenChunks && !ResponseHead.line(connection).isEmpty()) {
      throw new IOException("a chunk is longer than it says");
    }
    betweenChunks = true;
    remaining = chunkSize(ResponseHead.line(connection));
    if (remaining > 0) {
      return true;
    }
    for (int trailers = 0; !ResponseHead.line(connection).isEmpty(); trailers++) {
      if (trailers == ResponseHead.MAX_HEADERS) {
        throw new IOException("too many trailers");
      }
    }
    return false;
  }

  private static long chunkSize(String line) throws IOException {
    int end = line.indexOf(';') < 0 ? line.length() : line.indexOf(';');
    if (end == 0 || end > 15) {
      throw new IOException("malformed chunk size");
    }
    long size = 0;
    for (int i = 0; i < end; i++) {
      int digit = Character.digit(line.charAt(i), 16);
      if (digit < 0) {
        throw new IOException("malformed chunk size");
      }
      size = size * 16 + digit;
    }
    return size;
  }

  private void end() {
    ended = true;
    if (reusable) {
      pool.giveBack(connection);
    } else {
      pool.drop(connection);
    }
  }

  @Override
  public void close() {
    closed = true;
    if (!ended) {
      ended = true;
      pool.drop(connection);
    }
  }
}
