package io.boxlite.image.internal.store;

import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A file that one thread appends to while others read it from its beginning: they wait for what
/// has not come yet. So a layer is converted while it is fetched, and one whose fetch was cut off
/// is converted from what was there.
///
/// [#append], [#complete], [#fail] and [#close] belong to one thread; streams each to theirs.
final class GrowingFile implements AutoCloseable {
  private static final int BUFFER = 256 * 1024;

  private enum State {
    GROWING,
    COMPLETE,
    FAILED
  }

  private final FileChannel channel;
  private final MessageDigest digest = Digest.start();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long size;
  private State state = State.GROWING;

  private GrowingFile(FileChannel channel) {
    this.channel = channel;
  }

  /// Opens a file, keeping what an earlier attempt left in it.
  ///
  /// @param limit bytes that it may have; one with more begins anew
  static GrowingFile open(Path file, long limit) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      GrowingFile growing = new GrowingFile(channel);
      if (channel.size() > limit) {
        channel.truncate(0);
      }
      growing.digestExisting();
      return growing;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void digestExisting() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    while (channel.read(buffer, size) > 0) {
      buffer.flip();
      size += buffer.remaining();
      digest.update(buffer);
      buffer.clear();
    }
  }

  long size() {
    return size;
  }

  void append(byte[] data, int offset, int length) throws IOException {
    digest.update(data, offset, length);
    ByteBuffer bytes = ByteBuffer.wrap(data, offset, length);
    long at = size;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
    change(at, State.GROWING);
  }

  /// {@return the digest of the whole file; nothing is appended any more, and readers do not learn
  /// yet that it is complete}
  Digest digest() {
    return Digest.finish(digest.digest());
  }

  /// Tells readers that there is no more.
  void complete() {
    change(size, State.COMPLETE);
  }

  /// Tells readers that the rest will not come. Does nothing when the file is complete.
  void fail() {
    change(size, State.FAILED);
  }

  private void change(long newSize, State newState) {
    lock.lock();
    try {
      size = newSize;
      if (state == State.GROWING) {
        state = newState;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void force() throws IOException {
    channel.force(true);
  }

  /// {@return a stream from the beginning; legal until [#close]}
  InputStream reader() {
    return new Reader();
  }

  @Override
  public void close() throws IOException {
    fail();
    channel.close();
  }

  private final class Reader extends InputStream {
    private long position;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      long available = await();
      if (length == 0 || available == 0) {
        return length == 0 ? 0 : -1;
      }
      int count =
          channel.read(
              ByteBuffer.wrap(buffer, offset, (int) Math.min(length, available)), position);
      if (count <= 0) {
        throw new IOException("the file became shorter while it was read");
      }
      position += count;
      return count;
    }

    /// {@return bytes that can be read now; 0 at the end}
    private long await() throws IOException {
      lock.lock();
      try {
        while (position == size && state == State.GROWING) {
          changed.await();
        }
        if (position == size && state == State.FAILED) {
          throw new IOException("the rest of the layer did not come");
        }
        return size - position;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } finally {
        lock.unlock();
      }
    }
  }
}
