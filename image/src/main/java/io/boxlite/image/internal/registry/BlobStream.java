package io.boxlite.image.internal.registry;

import io.boxlite.image.internal.oci.Descriptor;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/// A blob as a stream that asks again for the rest when it breaks off. Confined to one thread.
final class BlobStream extends InputStream {
  private static final int SKIP_BLOCK = 64 << 10;

  private final BlobDownload download;
  private final Repository.Listener listener;
  private final Tries tries;
  private final long size;
  private long position;
  private @Nullable Answer answer;

  /// Opens it.
  ///
  /// @param position of the first byte that is wanted
  BlobStream(BlobDownload download, Descriptor blob, long position, Repository.Listener listener) {
    this.download = download;
    this.listener = listener;
    this.size = blob.size();
    this.position = position;
    tries = download.tries();
    while (answer == null && position < size) {
      try {
        answer = open();
      } catch (TransientException e) {
        tries.failed(e);
        listener.retrying();
      }
    }
  }

  private Answer open() throws TransientException {
    Answer opened = download.open(position);
    boolean good = false;
    try {
      long behind = opened.status() == 200 ? position : 0;
      byte[] skipped = new byte[(int) Math.min(behind, SKIP_BLOCK)];
      while (behind > 0) {
        int count = opened.body().read(skipped, 0, (int) Math.min(behind, skipped.length));
        if (count < 0) {
          throw new EOFException("the connection was closed early");
        }
        behind -= count;
      }
      good = true;
      return opened;
    } catch (IOException e) {
      throw download.lost(e);
    } finally {
      if (!good) {
        opened.close();
      }
    }
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    while (position < size) {
      try {
        if (answer == null) {
          answer = open();
        }
        int count = body(answer, bytes, offset, (int) Math.min(length, size - position));
        position += count;
        tries.progressed();
        return count;
      } catch (TransientException e) {
        close();
        tries.failed(e);
        listener.retrying();
      }
    }
    return -1;
  }

  private int body(Answer from, byte[] bytes, int offset, int length) throws TransientException {
    try {
      int count = from.body().read(bytes, offset, length);
      if (count < 0) {
        throw new EOFException("the connection was closed early");
      }
      return count;
    } catch (IOException e) {
      throw download.lost(e);
    }
  }

  @Override
  public void close() {
    if (answer != null) {
      if (position == size) {
        answer.discard();
      } else {
        answer.close();
      }
      answer = null;
    }
  }
}
