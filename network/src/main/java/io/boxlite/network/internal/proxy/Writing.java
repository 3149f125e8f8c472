package io.boxlite.network.internal.proxy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// How a text is written where a placeholder stands, and so how the value is.
enum Writing {
  /// As it is.
  RAW {
    @Override
    byte[] write(byte[] value, boolean plain) {
      return value;
    }
  },
  /// In the target of a request: percent-encoded, whatever the placeholder was.
  QUERY {
    @Override
    byte[] write(byte[] value, boolean plain) {
      return percent(value);
    }
  },
  /// In a body of `application/x-www-form-urlencoded`: percent-encoded, unless the placeholder was
  /// not though it would have had to be; then the body is something else that only has the usual
  /// type of `curl -d`.
  FORM {
    @Override
    byte[] write(byte[] value, boolean plain) {
      return plain ? value : percent(value);
    }
  },
  /// In JSON: quotes, backslashes and control characters are escaped.
  JSON {
    @Override
    byte[] write(byte[] value, boolean plain) {
      return json(value);
    }
  };

  private static final String HEX = "0123456789ABCDEF";

  /// {@return the value as it is to be written}
  ///
  /// @param value the value
  /// @param plain the placeholder had characters that stand for themselves where they may not
  abstract byte[] write(byte[] value, boolean plain);

  static Writing ofBody(String contentType) {
    String type = contentType.toLowerCase(java.util.Locale.ROOT);
    int end = type.indexOf(';');
    String essence = (end < 0 ? type : type.substring(0, end)).strip();
    if (essence.equals("application/x-www-form-urlencoded")) {
      return FORM;
    }
    return essence.equals("application/json")
            || essence.endsWith("+json")
            || essence.endsWith("/x-ndjson")
        ? JSON
        : RAW;
  }

  static boolean unreserved(int c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '.'
        || c == '_'
        || c == '~'
        || c == '*';
  }

  private static byte[] percent(byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(value.length + 16);
    for (byte b : value) {
      int c = b & 0xff;
      if (unreserved(c) && c != '*') {
        out.write(c);
      } else {
        out.write('%');
        out.write(HEX.charAt(c >> 4));
        out.write(HEX.charAt(c & 15));
      }
    }
    return out.toByteArray();
  }

  private static byte[] json(byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(value.length + 16);
    for (byte b : value) {
      int c = b & 0xff;
      if (c == '"' || c == '\\') {
        out.write('\\');
        out.write(c);
      } else if (c < 0x20) {
        out.writeBytes(String.format("\\u%04x", c).getBytes(StandardCharsets.US_ASCII));
      } else {
        out.write(c);
      }
    }
    return out.toByteArray();
  }
}
