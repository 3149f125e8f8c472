package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.time.Instant;

/// Makes the header blocks of one tar entry: ustar, after a pax header for what that cannot hold.
///
/// @param type of the entry, as in the archive
/// @param name of the entry; a character for each byte, as in `link`
/// @param link target of a link, or empty
/// @param mode permissions
/// @param size of the content
/// @param modified when the file was changed last
record PaxHeader(char type, String name, String link, int mode, long size, Instant modified) {
  static final int BLOCK = 512;
  private static final int MAX_NAME = 100;
  private static final long MAX_OCTAL = 077777777777L;

  byte[] toBytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] records = records();
    if (records.length > 0) {
      out.writeBytes(block('x', "pax", "", 0644, records.length, 0));
      out.writeBytes(records);
      out.writeBytes(new byte[-records.length & (BLOCK - 1)]);
    }
    long seconds = Math.clamp(modified.getEpochSecond(), 0, MAX_OCTAL);
    out.writeBytes(block(type, name, link, mode, Math.min(size, MAX_OCTAL), seconds));
    return out.toByteArray();
  }

  private byte[] records() {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    if (!fits(name)) {
      record(records, "path", name);
    }
    if (!fits(link)) {
      record(records, "linkpath", link);
    }
    if (size > MAX_OCTAL) {
      record(records, "size", Long.toString(size));
    }
    long seconds = modified.getEpochSecond();
    if (modified.getNano() != 0 || seconds < 0 || seconds > MAX_OCTAL) {
      record(records, "mtime", decimal());
    }
    return records.toByteArray();
  }

  private String decimal() {
    return java.math.BigDecimal.valueOf(modified.getEpochSecond())
        .add(java.math.BigDecimal.valueOf(modified.getNano(), 9))
        .toPlainString();
  }

  private static boolean fits(String text) {
    return text.length() <= MAX_NAME && text.chars().allMatch(c -> c < 0x80);
  }

  private static void record(ByteArrayOutputStream out, String key, String value) {
    byte[] rest = (" " + key + "=" + value + "\n").getBytes(ISO_8859_1);
    int length = rest.length + 1;
    while (Integer.toString(length).length() + rest.length != length) {
      length = Integer.toString(length).length() + rest.length;
    }
    out.writeBytes(Integer.toString(length).getBytes(US_ASCII));
    out.writeBytes(rest);
  }

  private static byte[] block(
      char type, String name, String link, int mode, long size, long seconds) {
    byte[] block = new byte[BLOCK];
    put(block, 0, MAX_NAME, name);
    octal(block, 100, 7, mode);
    octal(block, 108, 7, 0);
    octal(block, 116, 7, 0);
    octal(block, 124, 11, size);
    octal(block, 136, 11, seconds);
    block[156] = (byte) type;
    put(block, 157, MAX_NAME, link);
    put(block, 257, 8, "ustar\00000");
    put(block, 148, 8, "        ");
    int sum = 0;
    for (byte value : block) {
      sum += value & 0xff;
    }
    octal(block, 148, 6, sum);
    block[154] = 0;
    return block;
  }

  private static void put(byte[] block, int offset, int room, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, block, offset, Math.min(room, bytes.length));
  }

  private static void octal(byte[] block, int offset, int digits, long value) {
    String text = Long.toOctalString(value);
    put(block, offset, digits, "0".repeat(digits - text.length()) + text);
  }
}
