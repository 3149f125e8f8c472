package io.boxlite.image.internal.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.Map;

/// Writes tars byte by byte, also malformed ones.
public final class TarBuilder {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /// Adds an entry with a header of its own making.
  public TarBuilder entry(char type, String name, String link, int mode, byte[] content) {
    return entry(type, name, link, mode, 0, 0, 0, 0, content);
  }

  public TarBuilder entry(
      char type,
      String name,
      String link,
      int mode,
      int uid,
      int gid,
      int major,
      int minor,
      byte[] content) {
    byte[] block = new byte[512];
    put(block, 0, name);
    octal(block, 100, 7, mode);
    octal(block, 108, 7, uid);
    octal(block, 116, 7, gid);
    octal(block, 124, 11, content.length);
    octal(block, 136, 11, 1_000_000);
    block[156] = (byte) type;
    put(block, 157, link);
    put(block, 257, "ustar\00000");
    octal(block, 329, 7, major);
    octal(block, 337, 7, minor);
    put(block, 148, "        ");
    int sum = 0;
    for (byte value : block) {
      sum += value & 0xff;
    }
    octal(block, 148, 6, sum);
    out.writeBytes(block);
    return content(content);
  }

  public TarBuilder file(String name, String content) {
    return entry('0', name, "", 0644, content.getBytes(ISO_8859_1));
  }

  public TarBuilder directory(String name) {
    return entry('5', name, "", 0755, new byte[0]);
  }

  public TarBuilder symbolicLink(String name, String target) {
    return entry('2', name, target, 0777, new byte[0]);
  }

  public TarBuilder hardLink(String name, String target) {
    return entry('1', name, target, 0644, new byte[0]);
  }

  public TarBuilder pax(Map<String, String> records) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    records.forEach((key, value) -> {
      int length = key.length() + value.length() + 3;
      int total = length + Integer.toString(length).length();
      total = length + Integer.toString(total).length();
      data.writeBytes((total + " " + key + "=" + value + "\n").getBytes(ISO_8859_1));
    });
    return entry('x', "pax", "", 0644, data.toByteArray());
  }

  private TarBuilder content(byte[] content) {
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & 511]);
    return this;
  }

  public byte[] build() {
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  private static void put(byte[] block, int offset, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, block, offset, bytes.length);
  }

  private static void octal(byte[] block, int offset, int digits, int value) {
    put(block, offset, String.format("%0" + digits + "o", value));
  }
}
