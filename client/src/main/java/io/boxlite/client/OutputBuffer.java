package io.boxlite.client;

import io.boxlite.rest.Frames;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One output stream of a command: a bounded ring between the thread that receives and the one that
/// reads. Once somebody has taken the stream, a full ring holds the receiver back; before, it keeps
/// the newest bytes. For a moment after the connection was made a full ring holds back in any case:
/// whoever asked for a command is about to take its streams.
final class OutputBuffer extends InputStream {
  private static final int CAPACITY = 256 * 1024;
  private static final int INITIAL = Frames.MAX_PAYLOAD;
  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private byte[] ring = new byte[INITIAL];
  private int start;
  private int size;
  private boolean taken;
  private boolean ended;
  private boolean closed;
  private @Nullable String failure;
  private long heldUntil;

  void take() {
    lock.lock();
    try {
      taken = true;
    } finally {
      lock.unlock();
    }
  }

  void holdBack() {
    lock.lock();
    try {
      heldUntil = System.nanoTime() + GRACE_NANOS;
    } finally {
      lock.unlock();
    }
  }

  void put(byte[] bytes, int offset, int count) throws InterruptedException {
    lock.lock();
    try {
      int from = offset;
      int left = count;
      while (left > 0 && !closed && !ended) {
        int room = makeRoom(left);
        int end = (start + size) % ring.length;
        int part = Math.min(Math.min(left, room), ring.length - end);
        System.arraycopy(bytes, from, ring, end, part);
        size += part;
        from += part;
        left -= part;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private int makeRoom(int wanted) throws InterruptedException {
    if (ring.length - size < wanted && ring.length < CAPACITY) {
      grow(size + wanted);
    }
    while (size == ring.length && !closed && !ended) {
      long wait = heldUntil - System.nanoTime();
      if (taken) {
        changed.await();
      } else if (wait > 0) {
        changed.awaitNanos(wait);
      } else {
        int dropped = Math.min(wanted, size);
        start = (start + dropped) % ring.length;
        size -= dropped;
      }
    }
    return ring.length - size;
  }

  private void grow(int wanted) {
    int capacity = ring.length;
    while (capacity < wanted && capacity < CAPACITY) {
      capacity *= 2;
    }
    byte[] larger = new byte[capacity];
    int first = Math.min(size, ring.length - start);
    System.arraycopy(ring, start, larger, 0, first);
    System.arraycopy(ring, 0, larger, first, size - first);
    ring = larger;
    start = 0;
  }

  /// Ends the stream after what it holds; with a failure that the reader shall see, if any.
  void end(@Nullable String why) {
    lock.lock();
    try {
      if (!ended) {
        ended = true;
        failure = why;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    lock.lock();
    try {
      while (size == 0 && !ended && !closed) {
        changed.await();
      }
      if (closed) {
        throw new IOException("the stream is closed");
      }
      if (size == 0) {
        if (failure != null) {
          throw new IOException(failure);
        }
        return -1;
      }
      int part = Math.min(Math.min(count, size), ring.length - start);
      System.arraycopy(ring, start, target, offset, part);
      start = (start + part) % ring.length;
      size -= part;
      changed.signalAll();
      return part;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for output");
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int available() {
    lock.lock();
    try {
      return size;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      size = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
