package io.boxlite.api.internal.copy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;

/// Writes all that is read of a stream to another, also what is skipped. Both belong to the caller.
///
/// Confined to one thread.
final class TarTee extends InputStream {
  private static final int BUFFER = 64 * 1024;

  private final InputStream in;
  private final OutputStream out;
  private final byte[] buffer = new byte[BUFFER];
  private int position;
  private int limit;

  TarTee(InputStream in, OutputStream out) {
    this.in = in;
    this.out = out;
  }

  /// {@return whether there is something to read in the buffer, which is filled if it is empty}
  private boolean fill() throws IOException {
    if (position == limit) {
      position = 0;
      limit = 0;
      int count = in.read(buffer);
      if (count <= 0) {
        return false;
      }
      out.write(buffer, 0, count);
      limit = count;
    }
    return true;
  }

  @Override
  public int read() throws IOException {
    return fill() ? buffer[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int count = Math.min(length, limit - position);
    System.arraycopy(buffer, position, target, offset, count);
    position += count;
    return count;
  }

  @Override
  public long skip(long wanted) throws IOException {
    if (wanted <= 0 || !fill()) {
      return 0;
    }
    int count = (int) Math.min(wanted, limit - position);
    position += count;
    return count;
  }
}
