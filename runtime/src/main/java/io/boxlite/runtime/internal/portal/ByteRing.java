package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;

/// A queue of bytes that grows as needed up to a fixed capacity, and is given back when empty. Not
/// thread-safe. A ring, not a list of chunks: a guest that sends single bytes costs no more memory.
final class ByteRing {
  private static final int SMALLEST = 4096;
  private static final byte[] NONE = new byte[0];

  private final int capacity;
  private byte[] bytes = NONE;
  private int head;
  private int size;

  ByteRing(int capacity) {
    this.capacity = capacity;
  }

  int size() {
    return size;
  }

  void write(ByteString data) {
    int length = data.size();
    reserve(length);
    int tail = (head + size) % bytes.length;
    int first = Math.min(length, bytes.length - tail);
    data.substring(0, first).copyTo(bytes, tail);
    data.substring(first).copyTo(bytes, 0);
    size += length;
  }

  void write(byte[] data, int offset, int length) {
    reserve(length);
    int tail = (head + size) % bytes.length;
    int first = Math.min(length, bytes.length - tail);
    System.arraycopy(data, offset, bytes, tail, first);
    System.arraycopy(data, offset + first, bytes, 0, length - first);
    size += length;
  }

  int read(byte[] target, int offset, int length) {
    int count = Math.min(length, size);
    copy(0, target, offset, count);
    skip(count);
    return count;
  }

  /// {@return a copy of bytes in the middle, which stay}
  ByteString peek(int from, int length) {
    byte[] copy = new byte[length];
    copy(from, copy, 0, length);
    return UnsafeByteOperations.unsafeWrap(copy);
  }

  void skip(int count) {
    size -= count;
    head = size == 0 ? 0 : (head + count) % bytes.length;
  }

  /// Empties it and gives its memory back.
  void clear() {
    bytes = NONE;
    head = 0;
    size = 0;
  }

  private void copy(int from, byte[] target, int offset, int length) {
    if (length == 0) {
      return;
    }
    int start = (head + from) % bytes.length;
    int first = Math.min(length, bytes.length - start);
    System.arraycopy(bytes, start, target, offset, first);
    System.arraycopy(bytes, 0, target, offset + first, length - first);
  }

  private void reserve(int length) {
    if (size + length > capacity) {
      throw new IllegalStateException("ring of " + capacity + " bytes is full");
    }
    if (size + length > bytes.length) {
      int wanted = Math.max(SMALLEST, Integer.highestOneBit(size + length - 1) * 2);
      byte[] larger = new byte[Math.min(capacity, wanted)];
      copy(0, larger, 0, size);
      bytes = larger;
      head = 0;
    }
  }
}
