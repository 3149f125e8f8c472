package io.boxlite.server;

/// The newest bytes of one output stream, addressed by their position in it. Not thread-safe: its
/// [StreamHub] guards it.
final class OutputRing {
  static final int CAPACITY = 256 * 1024;
  private static final int INITIAL = 8 * 1024;

  private byte[] ring = new byte[INITIAL];
  private long begin; // position of the oldest byte that is kept
  private long end; // position after the newest
  private boolean eof;

  long begin() {
    return begin;
  }

  long end() {
    return end;
  }

  boolean isEof() {
    return eof;
  }

  void endOfStream() {
    eof = true;
  }

  int retained() {
    return ring.length;
  }

  /// Appends; what does not fit pushes out the oldest.
  void append(byte[] bytes, int offset, int count) {
    grow((int) (end - begin) + count);
    int from = offset;
    int left = count;
    while (left > 0) {
      int at = (int) (end % ring.length);
      int part = Math.min(left, ring.length - at);
      System.arraycopy(bytes, from, ring, at, part);
      end += part;
      from += part;
      left -= part;
    }
    begin = Math.max(begin, end - ring.length);
  }

  private void grow(int wanted) {
    if (wanted > ring.length && ring.length < CAPACITY) {
      int capacity = ring.length;
      while (capacity < wanted && capacity < CAPACITY) {
        capacity *= 2;
      }
      resize(capacity);
    }
  }

  private void resize(int capacity) {
    byte[] other = new byte[Math.max(1, capacity)];
    for (long at = begin; at < end; at++) {
      other[(int) (at % other.length)] = byteAt(at);
    }
    ring = other;
  }

  /// Gives back the memory that what is kept does not need.
  void trim() {
    resize((int) (end - begin));
  }

  /// Forgets what is kept.
  void drop() {
    begin = end;
    resize(0);
  }

  byte byteAt(long position) {
    return ring[(int) (position % ring.length)];
  }

  /// Where a new reader starts: the oldest byte, after the rest of a character that was cut.
  long start() {
    long at = begin;
    if (begin > 0) {
      for (int i = 0; i < 3 && at < end && (byteAt(at) & 0xc0) == 0x80; i++) {
        at++;
      }
    }
    return at;
  }

  /// How many bytes from a position on can be sent now, at most `limit`, without splitting a valid
  /// UTF-8 sequence. An incomplete one at the end waits for its rest, unless none can come.
  int sendableText(long position, int limit) {
    int available = (int) Math.min(end - position, limit);
    boolean last = eof && position + available == end;
    return last || available == 0 ? available : available - incompleteTail(position, available);
  }

  /// How many bytes from a position on can be sent now, at most `limit`, whatever they mean.
  int sendable(long position, int limit) {
    return (int) Math.min(end - position, limit);
  }

  private int incompleteTail(long position, int available) {
    for (int back = 1; back <= Math.min(3, available); back++) {
      int b = byteAt(position + available - back) & 0xff;
      if ((b & 0xc0) != 0x80) {
        int length =
            b >= 0xf0 && b < 0xf5 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc2 && b < 0xe0 ? 2 : 1;
        return length > back ? back : 0;
      }
    }
    return 0;
  }

  void copy(long position, byte[] target, int offset, int count) {
    int at = (int) (position % ring.length);
    int first = Math.min(count, ring.length - at);
    System.arraycopy(ring, at, target, offset, first);
    System.arraycopy(ring, 0, target, offset + first, count - first);
  }
}
