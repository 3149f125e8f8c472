package io.boxlite.image.internal.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.ImageException;
import java.util.List;
import java.util.Map;

/// Reads and writes the JSON documents of images, with bounds: they come from strangers.
public final class OciJson {
  /// Bytes of an index or a manifest: 4 MiB, as registries have it.
  public static final int MAX_MANIFEST = 4 << 20;

  /// Bytes of a configuration: 8 MiB.
  public static final int MAX_CONFIG = 8 << 20;

  private static final int MAX_DEPTH = 64;
  private static final Jsonb JSONB = Jsonb.builder().build();

  private OciJson() {}

  public static Index index(byte[] json) {
    return read(json, Index.class, "image index");
  }

  public static Manifest manifest(byte[] json) {
    return read(json, Manifest.class, "image manifest").checked();
  }

  public static Config config(byte[] json) {
    return read(json, Config.class, "image configuration").checked();
  }

  public static Layout layout(byte[] json) {
    return read(json, Layout.class, "oci-layout");
  }

  public static List<DockerImage> dockerImages(byte[] json) {
    checkDepth(json, "manifest.json");
    try {
      return JSONB.type(DockerImage.class).list().fromJson(json);
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      throw malformed("manifest.json", e);
    }
  }

  /// Reads an object whose fields are not worth a type.
  public static Map<String, Object> object(byte[] json, String what) {
    checkDepth(json, what);
    try {
      return JSONB.type(Object.class).map().fromJson(json);
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      throw malformed(what, e);
    }
  }

  public static byte[] write(Object document) {
    return JSONB.toJson(document).getBytes(UTF_8);
  }

  private static <T> T read(byte[] json, Class<T> type, String what) {
    checkDepth(json, what);
    try {
      return JSONB.type(type).fromJson(json);
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      throw malformed(what, e);
    }
  }

  static ImageException malformed(String what, RuntimeException cause) {
    return new ImageException("invalid_json", "malformed " + what, cause, Map.of());
  }

  // The parser recurses over what it skips; a document must not choose how deep.
  static void checkDepth(byte[] json, String what) {
    int depth = 0;
    boolean text = false;
    for (int i = 0; i < json.length; i++) {
      byte c = json[i];
      if (text) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          text = false;
        }
      } else if (c == '"') {
        text = true;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        depth--;
      }
      if (depth > MAX_DEPTH) {
        throw new ImageException("invalid_json", "malformed " + what + ": nested too deeply");
      }
    }
  }
}
