package io.boxlite.network;

import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Fields of a message of `boxlite-net`; what is missing or wrong ends the connection.
record ControlFields(Map<String, Object> fields) {
  private static final long MAX_NUMBER = 1L << 53;

  @SuppressWarnings("unchecked") // keys of a JSON object are texts
  static ControlFields of(@Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      return new ControlFields((Map<String, Object>) map);
    }
    throw new IOException("a message is not as docs/network.md says");
  }

  boolean has(String name) {
    return fields.get(name) != null;
  }

  String text(String name) throws IOException {
    if (fields.get(name) instanceof String text) {
      return text;
    }
    throw wrong(name);
  }

  String textOr(String name, String other) {
    return fields.get(name) instanceof String text ? text : other;
  }

  long number(String name, long largest) throws IOException {
    if (fields.get(name) instanceof Number number
        && number.longValue() >= 0
        && number.longValue() <= largest
        && number.doubleValue() == number.longValue()) {
      return number.longValue();
    }
    throw wrong(name);
  }

  long id(String name) throws IOException {
    return number(name, MAX_NUMBER);
  }

  int port(String name) throws IOException {
    return (int) number(name, 65535);
  }

  /// {@return a count, 0 if it is missing}
  long count(String name) throws IOException {
    return has(name) ? number(name, Long.MAX_VALUE) : 0;
  }

  int address(String name) throws IOException {
    OptionalInt address = IpV4.parse(text(name));
    if (address.isEmpty()) {
      throw wrong(name);
    }
    return address.getAsInt();
  }

  byte[] data(String name) throws IOException {
    try {
      return Base64.getDecoder().decode(textOr(name, ""));
    } catch (IllegalArgumentException e) {
      throw new IOException("'" + name + "' is not base64", e);
    }
  }

  List<?> list(String name) throws IOException {
    if (!has(name)) {
      return List.of();
    }
    if (fields.get(name) instanceof List<?> list) {
      return list;
    }
    throw wrong(name);
  }

  private static IOException wrong(String name) {
    return new IOException("'" + name + "' is missing or wrong");
  }
}
