package io.boxlite.api.internal.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.boxlite.api.internal.tar.TarEntry.Segment;
import java.util.ArrayList;
import java.util.List;

/// One block of 512 bytes that begins an entry: POSIX.1-1988 "ustar", and the variants of GNU tar
/// (its manual, "Basic Tar Format"), star and V7.
final class TarHeader {
  static final int BLOCK = 512;
  private static final int CHECKSUM = 148;
  private static final int MAGIC = 257;
  private static final int PREFIX = 345;
  private static final int GNU_SPARSE = 386;

  private final byte[] block;
  private final boolean ustar;
  private final boolean gnu;

  TarHeader(byte[] block) throws TarException {
    this.block = block;
    this.gnu = text(MAGIC, 8).equals("ustar  ");
    this.ustar = !gnu && text(MAGIC, 5).equals("ustar");
    checkChecksum();
  }

  // Old programs summed signed bytes.
  private void checkChecksum() throws TarException {
    long unsigned = 0;
    long signed = 0;
    for (int i = 0; i < BLOCK; i++) {
      byte value = i >= CHECKSUM && i < CHECKSUM + 8 ? (byte) ' ' : block[i];
      unsigned += value & 0xff;
      signed += value;
    }
    long stored = number(CHECKSUM, 8);
    if (stored != unsigned && stored != signed) {
      throw new TarException("bad header checksum");
    }
  }

  char type() {
    return (char) (block[156] & 0xff);
  }

  String name() {
    String name = text(0, 100);
    if (!ustar) {
      return name;
    }
    boolean star = text(508, 4).equals("tar");
    String prefix = text(PREFIX, star ? 131 : 155);
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  String linkName() {
    return text(157, 100);
  }

  int mode() throws TarException {
    return (int) number(100, 8) & 07777;
  }

  long uid() throws TarException {
    return number(108, 8);
  }

  long gid() throws TarException {
    return number(116, 8);
  }

  long size() throws TarException {
    return number(124, 12);
  }

  long mtime() throws TarException {
    return number(136, 12);
  }

  int device(boolean major) throws TarException {
    if (!ustar && !gnu) {
      return 0;
    }
    long number = number(major ? 329 : 337, 8);
    long limit = major ? 1 << 12 : 1 << 20;
    if (number < 0 || number >= limit) {
      throw new TarException("device number " + number + " is out of range");
    }
    return (int) number;
  }

  long gnuRealSize() throws TarException {
    return number(483, 12);
  }

  boolean gnuIsExtended() {
    return block[482] != 0;
  }

  List<Segment> gnuSegments() throws TarException {
    return gnuSegments(block, GNU_SPARSE, 4);
  }

  static List<Segment> gnuSegments(byte[] block, int start, int count) throws TarException {
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = start + i * 24;
      if (block[at] == 0 && block[at + 12] == 0) {
        break;
      }
      segments.add(new Segment(number(block, at, 12), number(block, at + 12, 12)));
    }
    return segments;
  }

  private String text(int offset, int length) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return new String(block, offset, end - offset, ISO_8859_1);
  }

  private long number(int offset, int length) throws TarException {
    return number(block, offset, length);
  }

  // Octal digits between blanks, or, with the first bit set, a binary number (GNU).
  private static long number(byte[] block, int offset, int length) throws TarException {
    if ((block[offset] & 0x80) != 0) {
      return binary(block, offset, length);
    }
    long value = 0;
    int at = offset;
    int end = offset + length;
    while (at < end && block[at] == ' ') {
      at++;
    }
    for (; at < end && block[at] != 0 && block[at] != ' '; at++) {
      if (block[at] < '0' || block[at] > '7') {
        throw new TarException("bad number in a header");
      }
      value = value << 3 | (block[at] - '0');
    }
    return value;
  }

  private static long binary(byte[] block, int offset, int length) throws TarException {
    boolean negative = (block[offset] & 0x40) != 0;
    int first = (block[offset] & 0x7f) | (negative ? 0x80 : 0);
    long value = (byte) first;
    for (int at = offset + 1; at < offset + length; at++) {
      if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
        throw new TarException("number in a header is too large");
      }
      value = value << 8 | (block[at] & 0xff);
    }
    return value;
  }
}
