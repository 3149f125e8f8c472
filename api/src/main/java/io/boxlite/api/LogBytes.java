package io.boxlite.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Optional;

/// The bytes of a log one after the other.
final class LogBytes extends InputStream {
  private final LogStream log;
  private byte[] chunk = new byte[0];
  private int position;

  LogBytes(LogStream log) {
    this.log = log;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (position == chunk.length) {
      Optional<LogChunk> next = log.next();
      if (next.isEmpty()) {
        return -1;
      }
      chunk = next.get().bytes();
      position = 0;
    }
    int count = Math.min(length, chunk.length - position);
    System.arraycopy(chunk, position, target, offset, count);
    position += count;
    return count;
  }

  @Override
  public void close() {
    log.close();
  }
}
