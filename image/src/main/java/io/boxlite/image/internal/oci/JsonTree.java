package io.boxlite.image.internal.oci;

import io.avaje.json.JsonException;
import io.avaje.json.JsonReader;
import io.avaje.json.JsonWriter;
import io.avaje.json.stream.BytesJsonWriter;
import io.avaje.json.stream.JsonStream;
import io.boxlite.api.ImageException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A JSON document of which a part is changed and all else stays as it is, also what we do not
/// know: objects are maps in their order, arrays lists, numbers exact.
public final class JsonTree {
  private static final JsonStream STREAM =
      JsonStream.builder().serializeNulls(true).serializeEmpty(true).build();

  private JsonTree() {}

  /// Reads an object.
  ///
  /// @param what names the document in messages
  /// @return a map that may be changed, as may be all in it
  /// @throws ImageException if it is malformed or no object
  public static Map<String, @Nullable Object> read(byte[] json, String what) {
    OciJson.checkDepth(json, what);
    try (JsonReader reader = STREAM.reader(json)) {
      return object(reader);
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      throw OciJson.malformed(what, e);
    }
  }

  private static Map<String, @Nullable Object> object(JsonReader reader) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    reader.beginObject();
    while (reader.hasNextField()) {
      object.put(reader.nextField(), value(reader));
    }
    reader.endObject();
    return object;
  }

  private static List<@Nullable Object> array(JsonReader reader) {
    List<@Nullable Object> array = new ArrayList<>();
    reader.beginArray();
    while (reader.hasNextElement()) {
      array.add(value(reader));
    }
    reader.endArray();
    return array;
  }

  private static @Nullable Object value(JsonReader reader) {
    if (reader.isNullValue()) {
      return null;
    }
    return switch (reader.currentToken()) {
      case BEGIN_OBJECT -> object(reader);
      case BEGIN_ARRAY -> array(reader);
      case STRING -> reader.readString();
      case NUMBER -> reader.readDecimal();
      case BOOLEAN -> reader.readBoolean();
      case NULL -> null;
    };
  }

  /// Reads an array of texts.
  ///
  /// @return the texts, or null if it is anything else
  public static @Nullable List<String> texts(byte[] json) {
    try (JsonReader reader = STREAM.reader(json)) {
      List<String> texts = new ArrayList<>();
      reader.beginArray();
      while (reader.hasNextElement()) {
        if (reader.currentToken() != JsonReader.Token.STRING) {
          return null;
        }
        texts.add(reader.readString());
      }
      reader.endArray();
      return texts;
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      return null;
    }
  }

  /// Writes what [#read] gives.
  public static byte[] write(Map<String, @Nullable Object> document) {
    try (BytesJsonWriter writer = STREAM.bufferedWriterAsBytes()) {
      write(writer, document);
      return writer.result();
    }
  }

  private static void write(JsonWriter writer, @Nullable Object value) {
    switch (value) {
      case null -> writer.nullValue();
      case Map<?, ?> object -> {
        writer.beginObject();
        object.forEach((key, member) -> {
          writer.name(String.valueOf(key));
          write(writer, member);
        });
        writer.endObject();
      }
      case List<?> array -> {
        writer.beginArray();
        array.forEach(element -> write(writer, element));
        writer.endArray();
      }
      case String text -> writer.value(text);
      case BigDecimal number -> writer.value(number);
      case Boolean truth -> writer.value(truth.booleanValue());
      default -> throw new IllegalArgumentException("no JSON: " + value.getClass());
    }
  }
}
