package io.boxlite.image.internal.erofs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/// Reads EROFS images, written apart from the writer and after the kernel's headers alone.
public final class ErofsReader {
  /// One file.
  public record File(
      long nid,
      int mode,
      int uid,
      int gid,
      long mtime,
      int nanos,
      int links,
      int device,
      byte[] content,
      Map<String, String> xattrs) {
    public String text() {
      return new String(content, ISO_8859_1);
    }
  }

  private static final Map<Integer, String> PREFIXES =
      Map.of(
          1,
          "user.",
          2,
          "system.posix_acl_access",
          3,
          "system.posix_acl_default",
          4,
          "trusted.",
          6,
          "security.");

  private final ByteBuffer image;
  private final Map<String, File> files = new TreeMap<>();

  private ErofsReader(ByteBuffer image) {
    this.image = image;
  }

  /// {@return all files by path, the root as the empty path}
  public static Map<String, File> read(Path file) throws IOException {
    ByteBuffer image = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    ErofsReader reader = new ErofsReader(image);
    reader.walk("", image.getShort(1024 + 14) & 0xffff);
    return reader.files;
  }

  private void walk(String path, long nid) {
    File file = inode(nid);
    files.put(path, file);
    if ((file.mode & 0170000) != 0040000) {
      return;
    }
    byte[] data = file.content;
    String previous = "";
    for (int block = 0; block < data.length; block += 4096) {
      int length = Math.min(4096, data.length - block);
      ByteBuffer entries = ByteBuffer.wrap(data, block, length).slice();
      entries.order(ByteOrder.LITTLE_ENDIAN);
      int count = entries.getShort(8) / 12;
      for (int i = 0; i < count; i++) {
        int start = entries.getShort(i * 12 + 8);
        int end = i + 1 < count ? entries.getShort(i * 12 + 20) : length;
        String name = new String(data, block + start, end - start, ISO_8859_1).replace("\0", "");
        if (name.compareTo(previous) <= 0) {
          throw new AssertionError("unsorted: " + previous + " " + name);
        }
        previous = name;
        if (!name.equals(".") && !name.equals("..")) {
          walk(path.isEmpty() ? name : path + "/" + name, entries.getLong(i * 12));
        }
      }
    }
  }

  private File inode(long nid) {
    int at = (int) (image.getInt(1024 + 40) * 4096L + nid * 32);
    int format = image.getShort(at);
    int mode = image.getShort(at + 4) & 0xffff;
    int size = (int) image.getLong(at + 8);
    int raw = image.getInt(at + 16);
    int count = image.getShort(at + 2) & 0xffff;
    int xattrSize = count == 0 ? 0 : 12 + 4 * (count - 1);
    byte[] content = new byte[size];
    int type = mode & 0170000;
    if (type == 0100000 || type == 0040000 || type == 0120000) {
      image.get((format >> 1) == 2 ? at + 64 + xattrSize : raw * 4096, content);
    }
    return new File(
        nid,
        mode,
        image.getInt(at + 24),
        image.getInt(at + 28),
        image.getLong(at + 32),
        image.getInt(at + 40),
        image.getInt(at + 44),
        raw,
        content,
        xattrs(at + 64, xattrSize));
  }

  private Map<String, String> xattrs(int start, int size) {
    Map<String, String> result = new TreeMap<>();
    int at = start + 12;
    while (at < start + size) {
      int nameLength = image.get(at) & 0xff;
      int valueLength = image.getShort(at + 2) & 0xffff;
      String name = new String(image.array(), at + 4, nameLength, ISO_8859_1);
      String value = new String(image.array(), at + 4 + nameLength, valueLength, ISO_8859_1);
      result.put(PREFIXES.get((int) image.get(at + 1)) + name, value);
      at = (at + 4 + nameLength + valueLength + 3) / 4 * 4;
    }
    return result;
  }
}
