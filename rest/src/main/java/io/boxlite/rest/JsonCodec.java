package io.boxlite.rest;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ConfigException;
import java.lang.reflect.RecordComponent;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads and writes the bodies of this package. Thread-safe.
///
/// @since 0.1
public final class JsonCodec {
  private static final Jsonb LENIENT = Jsonb.builder().build();

  private JsonCodec() {}

  // Made only when a server reads its first strict body: the client never does.
  private static final class Strict {
    static final Jsonb JSONB = Jsonb.builder().failOnUnknown(true).build();
  }

  /// Reads a body; keys that it does not know are ignored.
  ///
  /// @param type class of the body
  /// @param json the JSON text in UTF-8
  /// @return the body
  /// @throws ConfigException if it is not such a body; names the field
  public static <T> T read(Class<T> type, byte[] json) {
    return parse(LENIENT, type, json);
  }

  /// Reads a body; keys that it does not know are refused.
  ///
  /// @param type class of the body
  /// @param json the JSON text in UTF-8
  /// @return the body
  /// @throws ConfigException if it is not such a body; names the field
  public static <T> T readStrictly(Class<T> type, byte[] json) {
    return parse(Strict.JSONB, type, json);
  }

  /// Writes a body.
  ///
  /// @param body one of the records of this package
  /// @return JSON in UTF-8, without absent fields
  public static byte[] write(Object body) {
    return LENIENT.toJsonBytes(body);
  }

  private static <T> T parse(Jsonb jsonb, Class<T> type, byte[] json) {
    checkIntegers(type, json);
    T body;
    try {
      body = jsonb.type(type).fromJson(json);
    } catch (JsonException | ClassCastException e) {
      throw invalid(jsonb, type, json, e);
    } catch (IllegalArgumentException
        | IllegalStateException
        | ArithmeticException
        | IndexOutOfBoundsException e) {
      // the parser reports some faults of numbers and escapes this way
      throw invalid(jsonb, type, json, e);
    }
    if (body == null) {
      throw new ConfigException("invalid_json", "body must be a JSON object, not null");
    }
    return body;
  }

  /// The parser silently cuts what does not fit an int, and takes text for a number.
  private static void checkIntegers(Class<?> type, byte[] json) {
    if (!type.isRecord() || !(untyped(json) instanceof Map<?, ?> fields)) {
      return;
    }
    for (RecordComponent component : type.getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      Object value = fields.get(name);
      boolean integer = component.getType() == Integer.class || component.getType() == int.class;
      if (integer && value != null && !(value instanceof Number number && isInt(number))) {
        throw new ConfigException(
            "invalid_json",
            "invalid JSON body: " + name + " must be an integer of at most 32 bits, not " + value);
      }
    }
  }

  private static boolean isInt(Number number) {
    double value = number.doubleValue();
    return value == Math.rint(value) && Math.abs(value) <= Integer.MAX_VALUE;
  }

  private static ConfigException invalid(
      Jsonb jsonb, Class<?> type, byte[] json, RuntimeException e) {
    String detail = e.getMessage() == null ? "not valid JSON" : e.getMessage();
    return new ConfigException(
        "invalid_json", "invalid JSON body: " + field(jsonb, type, json) + detail, e, Map.of());
  }

  /// Finds the field that a body failed for, because the parser does not tell: the first that fails
  /// when it is read alone.
  private static String field(Jsonb jsonb, Class<?> type, byte[] json) {
    if (!(untyped(json) instanceof Map<?, ?> fields)) {
      return "";
    }
    for (Map.Entry<?, ?> field : fields.entrySet()) {
      byte[] alone =
          LENIENT.toJsonBytes(Collections.singletonMap(field.getKey(), field.getValue()));
      try {
        jsonb.type(type).fromJson(alone);
      } catch (RuntimeException culprit) {
        return field.getKey() + ": ";
      }
    }
    return "";
  }

  private static @Nullable Object untyped(byte[] json) {
    try {
      return LENIENT.type(Object.class).fromJson(json);
    } catch (RuntimeException notJson) {
      return null;
    }
  }
}
