package io.boxlite.image.internal.layer;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// Computes the SHA-256 of what is read through it, on a thread of its own: hashing costs as much
/// as decompressing. Confined to one thread for its reader. [#close] ends the hashing thread; the
/// wrapped stream belongs to the caller.
final class DigestedStream extends InputStream {
  private static final int BLOCK = 256 * 1024;
  private static final int BLOCKS = 4;

  private record Chunk(byte[] data, int length) {}

  private static final Chunk END = new Chunk(new byte[0], 0);

  private final InputStream in;
  private final BlockingQueue<byte[]> free = new ArrayBlockingQueue<>(BLOCKS);
  private final BlockingQueue<Chunk> full = new ArrayBlockingQueue<>(BLOCKS + 1);
  private final MessageDigest digest;
  private final Thread hasher;
  private byte[] block = new byte[BLOCK];
  private int position;
  private int limit;

  DigestedStream(InputStream in) {
    this.in = in;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
    for (int i = 1; i < BLOCKS; i++) {
      free.add(new byte[BLOCK]);
    }
    hasher = Thread.ofVirtual().name("layer-digest").start(this::hash);
  }

  @SuppressWarnings("ReferenceEquality") // END is a mark, not a value
  private void hash() {
    try {
      for (Chunk chunk = full.take(); chunk != END; chunk = full.take()) {
        digest.update(chunk.data, 0, chunk.length);
        free.put(chunk.data);
      }
    } catch (InterruptedException e) {
      // close() before the end: nobody wants the digest
    }
  }

  @Override
  public int read() throws IOException {
    return position < limit || fill() ? block[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (position == limit && !fill()) {
      return -1;
    }
    int count = Math.min(length, limit - position);
    System.arraycopy(block, position, buffer, offset, count);
    position += count;
    return count;
  }

  // The hasher owns a block from when it was read to its end; so nobody shares one.
  private boolean fill() throws IOException {
    try {
      if (limit > 0) {
        full.put(new Chunk(block, limit));
        limit = 0;
        position = 0;
        block = free.take();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    limit = Math.max(0, in.read(block, 0, BLOCK));
    position = 0;
    return limit > 0;
  }

  /// {@return the SHA-256 of all bytes; legal once the stream was read to its end}
  byte[] digest() throws IOException {
    try {
      full.put(END);
      hasher.join();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    return digest.digest();
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IOException("interrupted", e);
  }

  @Override
  public void close() {
    hasher.interrupt();
  }
}
