package io.boxlite.image.internal.erofs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Extended attributes as they follow an inode: a header of 12 bytes without shared attributes,
/// then entries aligned to 4 bytes (Linux `fs/erofs/erofs_fs.h`, `struct erofs_xattr_entry`).
public final class Xattrs {
  private static final int HEADER_SIZE = 12;
  private static final int ENTRY_SIZE = 4;
  private static final int ALIGNMENT = 4;

  /// Tells overlayfs that a directory hides what the layers below have in it.
  static final String OPAQUE = "trusted.overlay.opaque";

  /// Tells overlayfs to look for whiteouts in a directory that no other layer has; it shows them as
  /// files otherwise, as all names of such a directory. An empty value means "origin not known".
  private static final String ORIGIN = "trusted.overlay.origin";

  // Name prefixes with their codes; an exact name has nothing left to store.
  private static final Map<String, Integer> EXACT =
      Map.of("system.posix_acl_access", 2, "system.posix_acl_default", 3);
  private static final Map<String, Integer> PREFIXES =
      Map.of("user.", 1, "trusted.", 4, "security.", 6);

  private Xattrs() {}

  /// Encodes attributes. Names that EROFS cannot hold (other namespaces) are left out, as Linux
  /// could not set them either.
  ///
  /// @param values by full name in Latin-1, such as `security.capability`; at most 255 bytes each
  /// @return empty if there is none
  public static byte[] encode(Map<String, byte[]> values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    values.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> append(out, entry.getKey(), entry.getValue()));
    return out.size() == 0 ? new byte[0] : withHeader(out.toByteArray());
  }

  /// {@return whether an attribute speaks to overlayfs; an archive must not: redirects and the like
  /// could expose other files}
  public static boolean isOfOverlay(String name) {
    return name.startsWith("trusted.overlay.") || name.startsWith("user.overlay.");
  }

  static byte[] withOverlay(byte[] encoded, boolean opaque, boolean whiteouts) {
    if (!opaque && !whiteouts) {
      return encoded;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int start = Math.min(encoded.length, HEADER_SIZE);
    out.write(encoded, start, encoded.length - start);
    if (opaque) {
      append(out, OPAQUE, new byte[] {'y'});
    }
    if (whiteouts) {
      append(out, ORIGIN, new byte[0]);
    }
    return withHeader(out.toByteArray());
  }

  /// Reads what [#encode] wrote.
  ///
  /// @throws IOException if it is malformed
  static Map<String, byte[]> decode(byte[] encoded) throws IOException {
    Map<String, byte[]> values = new TreeMap<>();
    int at = HEADER_SIZE;
    while (at < encoded.length) {
      if (encoded.length - at < ENTRY_SIZE) {
        throw ErofsImage.damaged();
      }
      int nameLength = encoded[at] & 0xff;
      int valueLength = (encoded[at + 2] & 0xff) | (encoded[at + 3] & 0xff) << 8;
      int value = at + ENTRY_SIZE + nameLength;
      if (value + valueLength > encoded.length) {
        throw ErofsImage.damaged();
      }
      String suffix = new String(encoded, at + ENTRY_SIZE, nameLength, ISO_8859_1);
      values.put(
          prefix(encoded[at + 1]) + suffix,
          Arrays.copyOfRange(encoded, value, value + valueLength));
      at = (value + valueLength + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return values;
  }

  private static String prefix(int index) throws IOException {
    for (Map<String, Integer> names : List.of(EXACT, PREFIXES)) {
      for (Map.Entry<String, Integer> name : names.entrySet()) {
        if (name.getValue() == index) {
          return name.getKey();
        }
      }
    }
    throw ErofsImage.damaged();
  }

  /// The `i_xattr_icount` of an inode: units of 4 bytes, the header being the first.
  static int count(byte[] encoded) {
    return encoded.length == 0 ? 0 : (encoded.length - HEADER_SIZE) / ALIGNMENT + 1;
  }

  private static byte[] withHeader(byte[] entries) {
    byte[] result = new byte[HEADER_SIZE + entries.length];
    System.arraycopy(entries, 0, result, HEADER_SIZE, entries.length);
    return result;
  }

  private static void append(ByteArrayOutputStream out, String name, byte[] value) {
    Integer exact = EXACT.get(name);
    if (exact != null) {
      append(out, exact, "", value);
      return;
    }
    PREFIXES.forEach((prefix, index) -> {
      if (name.startsWith(prefix) && name.length() > prefix.length()) {
        append(out, index, name.substring(prefix.length()), value);
      }
    });
  }

  private static void append(ByteArrayOutputStream out, int index, String suffix, byte[] value) {
    out.write(suffix.length());
    out.write(index);
    out.write(value.length);
    out.write(value.length >> 8);
    out.writeBytes(suffix.getBytes(ISO_8859_1));
    out.writeBytes(value);
    while (out.size() % ALIGNMENT != 0) {
      out.write(0);
    }
  }
}
