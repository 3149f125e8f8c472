package io.boxlite.api.internal.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The records of a PAX extended header (POSIX pax, "pax Extended Header"): `length key=value\n`.
/// Values are bytes, in Latin-1: attributes may hold anything, and so do names in practice.
final class PaxRecords {
  private static final String XATTR = "SCHILY.xattr.";

  /// The same of libarchive: names percent-encoded, values in Base64.
  private static final String ENCODED_XATTR = "LIBARCHIVE.xattr.";

  private static final int MAX_DIGITS = 10;

  private final Map<String, String> values = new LinkedHashMap<>();

  /// The repeated `GNU.sparse.offset` and `GNU.sparse.numbytes` of format 0.0, in order.
  private final List<String> sparseNumbers = new ArrayList<>();

  static final PaxRecords NONE = new PaxRecords();

  private PaxRecords() {}

  static PaxRecords parse(byte[] data) throws TarException {
    PaxRecords records = new PaxRecords();
    int at = 0;
    while (at < data.length) {
      int blank = at;
      while (blank < data.length && blank - at < MAX_DIGITS && isDigit(data[blank])) {
        blank++;
      }
      check(blank > at && blank < data.length && data[blank] == ' ');
      long length = Long.parseLong(new String(data, at, blank - at, ISO_8859_1));
      check(length <= data.length - at && length > blank - at + 2);
      int end = at + (int) length;
      check(data[end - 1] == '\n');
      records.add(new String(data, blank + 1, end - blank - 2, ISO_8859_1));
      at = end;
    }
    return records;
  }

  private static boolean isDigit(byte value) {
    return value >= '0' && value <= '9';
  }

  private static void check(boolean good) throws TarException {
    if (!good) {
      throw new TarException("malformed PAX record");
    }
  }

  private void add(String record) throws TarException {
    int equals = record.indexOf('=');
    check(equals > 0);
    String key = record.substring(0, equals);
    String value = record.substring(equals + 1);
    if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
      sparseNumbers.add(value);
    }
    values.put(key, value);
  }

  /// A value; an empty one means that the header's own value counts.
  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).filter(value -> !value.isEmpty());
  }

  long number(String key, long otherwise) throws TarException {
    Optional<String> text = text(key);
    return text.isEmpty() ? otherwise : number(text.get());
  }

  static long number(String text) throws TarException {
    check(!text.isEmpty() && text.length() <= 18);
    for (int i = 0; i < text.length(); i++) {
      check(isDigit((byte) text.charAt(i)));
    }
    return Long.parseLong(text);
  }

  List<String> sparseNumbers() {
    return sparseNumbers;
  }

  /// {@return extended attributes by full name; where both forms are given, the one with the bytes
  /// as they are counts}
  Map<String, byte[]> xattrs() throws TarException {
    Map<String, byte[]> xattrs = new LinkedHashMap<>();
    for (Map.Entry<String, String> record : values.entrySet()) {
      String key = record.getKey();
      if (key.startsWith(XATTR)) {
        xattrs.put(key.substring(XATTR.length()), record.getValue().getBytes(ISO_8859_1));
      } else if (key.startsWith(ENCODED_XATTR)) {
        String encoded = key.substring(ENCODED_XATTR.length());
        try {
          String name = URLDecoder.decode(encoded.replace("+", "%2B"), ISO_8859_1);
          xattrs.putIfAbsent(name, Base64.getDecoder().decode(record.getValue()));
        } catch (IllegalArgumentException _) {
          check(false);
        }
      }
    }
    return xattrs;
  }

  /// A time in seconds with a fraction, rounded down to nanoseconds.
  ///
  /// @return seconds and nanoseconds
  Optional<long[]> time(String key) throws TarException {
    Optional<String> text = text(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    boolean negative = text.get().startsWith("-");
    String magnitude = text.get().substring(negative ? 1 : 0);
    int dot = magnitude.indexOf('.');
    long seconds = number(dot < 0 ? magnitude : magnitude.substring(0, dot));
    String fraction = dot < 0 ? "" : magnitude.substring(dot + 1);
    String nineDigits = (fraction + "000000000").substring(0, 9);
    long nanos = number(nineDigits);
    if (negative) {
      seconds = nanos == 0 ? -seconds : -seconds - 1;
      nanos = nanos == 0 ? 0 : 1_000_000_000 - nanos;
    }
    return Optional.of(new long[] {seconds, nanos});
  }
}
