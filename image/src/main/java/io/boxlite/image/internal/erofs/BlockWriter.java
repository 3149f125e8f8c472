package io.boxlite.image.internal.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/// Writes a file from its second block on, in order. Blocks of zeros become holes of the file.
/// Confined to one thread; the channel belongs to the caller.
final class BlockWriter {
  static final int BLOCK = 4096;
  private static final int BUFFER = 256 * 1024;
  private static final byte[] ZEROS = new byte[BLOCK];

  private final FileChannel channel;
  private final byte[] buffer = new byte[BUFFER];

  // INVARIANT: a multiple of BLOCK; buffer[0..fill) belongs at start, start+1, …
  private long start = BLOCK;
  private int fill;

  BlockWriter(FileChannel channel) {
    this.channel = channel;
  }

  static long roundUp(long value, int alignment) {
    return (value + alignment - 1) / alignment * alignment;
  }

  long position() {
    return start + fill;
  }

  void write(byte[] data, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int count = Math.min(length - done, BUFFER - fill);
      System.arraycopy(data, offset + done, buffer, fill, count);
      fill += count;
      done += count;
      if (fill == BUFFER) {
        flush();
      }
    }
  }

  void write(byte[] data) throws IOException {
    write(data, 0, data.length);
  }

  /// Writes zeros up to a position that is not before the current one.
  void advanceTo(long target) throws IOException {
    while (position() < target && fill % BLOCK != 0) {
      zeros(Math.min(target - position(), BLOCK - fill % BLOCK));
    }
    long wholeBlocks = (target - position()) / BLOCK * BLOCK;
    if (wholeBlocks > 0) {
      flush();
      start += wholeBlocks;
    }
    zeros(target - position());
  }

  private void zeros(long count) throws IOException {
    write(ZEROS, 0, (int) count);
  }

  void align() throws IOException {
    advanceTo(roundUp(position(), BLOCK));
  }

  /// Writes what is buffered; legal only at a block boundary.
  void flush() throws IOException {
    int run = 0;
    for (int at = 0; at < fill; at += BLOCK) {
      if (Arrays.equals(buffer, at, at + BLOCK, ZEROS, 0, BLOCK)) {
        writeRun(run, at);
        run = at + BLOCK;
      }
    }
    writeRun(run, fill);
    start += fill;
    fill = 0;
  }

  private void writeRun(int from, int to) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(buffer, from, to - from);
    long at = start + from;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }
}
