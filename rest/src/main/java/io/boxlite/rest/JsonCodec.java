package io.boxlite.rest;

import io.avaje.json.JsonAdapter;
import io.avaje.json.JsonException;
import io.avaje.json.JsonReader;
import io.avaje.json.JsonWriter;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ConfigException;
import java.util.Collections;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads and writes the bodies of this package. Thread-safe.
///
/// @since 0.1
public final class JsonCodec {
  private static final Jsonb LENIENT = builder().build();

  private JsonCodec() {}

  // Made only when a server reads its first strict body: the client never does.
  private static final class Strict {
    static final Jsonb JSONB = builder().failOnUnknown(true).build();
  }

  private static Jsonb.Builder builder() {
    ExactInteger integers = new ExactInteger();
    return Jsonb.builder().add(Integer.class, integers).add(int.class, integers);
  }

  /// The parser's own way with integers cuts what does not fit and takes text for a number.
  private static final class ExactInteger implements JsonAdapter<@Nullable Integer> {
    @Override
    public void toJson(JsonWriter writer, @Nullable Integer value) {
      if (value == null) {
        writer.nullValue();
      } else {
        writer.value(value.intValue());
      }
    }

    @Override
    public @Nullable Integer fromJson(JsonReader reader) {
      if (reader.isNullValue()) {
        return null;
      }
      if (reader.currentToken() != JsonReader.Token.NUMBER) {
        throw new JsonException("must be an integer");
      }
      try {
        return reader.readDecimal().intValueExact();
      } catch (ArithmeticException e) {
        throw new JsonException("must be an integer of at most 32 bits", e);
      }
    }
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

  /// Reads a body that may hold secrets; keys that it does not know are refused. The exception
  /// tells nothing of what the body says, and has no cause.
  ///
  /// @param type class of the body
  /// @param json the JSON text in UTF-8
  /// @return the body
  /// @throws ConfigException if it is not such a body; names the field, if it can
  public static <T> T readConfidentially(Class<T> type, byte[] json) {
    try {
      return parse(Strict.JSONB, type, json);
    } catch (ConfigException e) {
      // Messages of the parser quote the text behind the fault.
      String field = field(Strict.JSONB, type, json);
      String problem =
          field.isEmpty() ? "not a JSON object" : field + "unknown, or of a wrong type";
      throw new ConfigException("invalid_json", "invalid JSON body: " + problem);
    }
  }

  /// Reads JSON of any form that may hold secrets; the exception tells nothing of what it says.
  ///
  /// @param json the JSON text in UTF-8
  /// @return maps, lists, texts, numbers, booleans
  /// @throws ConfigException if it is not JSON
  public static Object readTree(byte[] json) {
    Object tree = untyped(json);
    if (tree == null) {
      throw new ConfigException("invalid_json", "not valid JSON");
    }
    return tree;
  }

  /// Writes a body.
  ///
  /// @param body one of the records of this package
  /// @return JSON in UTF-8, without absent fields
  public static byte[] write(Object body) {
    return LENIENT.toJsonBytes(body);
  }

  private static <T> T parse(Jsonb jsonb, Class<T> type, byte[] json) {
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
