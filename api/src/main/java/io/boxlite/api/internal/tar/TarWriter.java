package io.boxlite.api.internal.tar;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;

/// Writes a tar of plain files and directories: POSIX.1-1988 "ustar", with a PAX header where that
/// has no room for a size. All times are 0 and all owners are root, so that the same content makes
/// the same bytes. Confined to one thread; the stream belongs to the caller.
public final class TarWriter {
  private static final int BLOCK = TarHeader.BLOCK;
  private static final int MAX_NAME = 100;
  private static final long MAX_OCTAL_SIZE = 077777777777L;
  private static final int FILE_MODE = 0444;
  private static final int DIRECTORY_MODE = 0755;

  private final OutputStream out;
  private long padding;
  private long left;

  /// @param out gets the tar; not closed
  public TarWriter(OutputStream out) {
    this.out = out;
  }

  /// Adds a directory.
  ///
  /// @param name ASCII, ends in a slash, of at most 100 bytes
  public void directory(String name) throws IOException {
    finishEntry();
    header(name, '5', DIRECTORY_MODE, 0);
  }

  /// Begins a file; exactly `size` bytes have to be written next.
  ///
  /// @param name ASCII, of at most 100 bytes
  public void beginFile(String name, long size) throws IOException {
    finishEntry();
    if (size > MAX_OCTAL_SIZE) {
      byte[] record = sizeRecord(size);
      header(name, 'x', FILE_MODE, record.length);
      write(record, 0, record.length);
      finishEntry();
    }
    header(name, '0', FILE_MODE, size);
  }

  /// Adds a file.
  ///
  /// @param name ASCII, of at most 100 bytes
  public void file(String name, byte[] content) throws IOException {
    beginFile(name, content.length);
    write(content, 0, content.length);
  }

  /// Writes content of the file that was begun.
  public void write(byte[] buffer, int offset, int length) throws IOException {
    if (length > left) {
      throw new IllegalStateException("more content than was announced");
    }
    out.write(buffer, offset, length);
    left -= length;
  }

  /// Ends the archive.
  public void finish() throws IOException {
    finishEntry();
    out.write(new byte[2 * BLOCK]);
  }

  private void finishEntry() throws IOException {
    if (left > 0) {
      throw new IllegalStateException("less content than was announced");
    }
    out.write(new byte[(int) padding]);
    padding = 0;
  }

  private void header(String name, char type, int mode, long size) throws IOException {
    byte[] block = new byte[BLOCK];
    byte[] bytes = name.getBytes(US_ASCII);
    if (bytes.length > MAX_NAME) {
      throw new IllegalArgumentException("name is too long: " + name);
    }
    System.arraycopy(bytes, 0, block, 0, bytes.length);
    octal(block, 100, 7, mode);
    octal(block, 108, 7, 0);
    octal(block, 116, 7, 0);
    octal(block, 124, 11, Math.min(size, MAX_OCTAL_SIZE)); // beyond it the PAX record counts
    octal(block, 136, 11, 0);
    block[156] = (byte) type;
    put(block, 257, "ustar\00000");
    octal(block, 329, 7, 0);
    octal(block, 337, 7, 0);
    put(block, 148, "        ");
    int sum = 0;
    for (byte value : block) {
      sum += value & 0xff;
    }
    octal(block, 148, 6, sum);
    block[154] = 0;
    out.write(block);
    left = size;
    padding = -size & (BLOCK - 1);
  }

  private static byte[] sizeRecord(long size) {
    String record = " size=" + size + "\n";
    int length = record.length() + 2; // a size beyond the octal one makes the length two digits
    return (length + record).getBytes(UTF_8);
  }

  private static void put(byte[] block, int offset, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, block, offset, bytes.length);
  }

  private static void octal(byte[] block, int offset, int digits, long value) {
    String text = Long.toOctalString(value);
    put(block, offset, "0".repeat(digits - text.length()) + text);
  }
}
