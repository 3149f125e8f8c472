package io.boxlite.network;

import io.avaje.json.JsonException;
import io.avaje.json.mapper.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/// Reads JSON objects, one a line. `boxlite-net` talks to the guest all the time and may have been
/// taken over, so length and depth of a line are bounded before it is parsed. Confined to one
/// thread.
final class ControlLines {
  static final int MAX_LINE_BYTES = 128 * 1024;
  private static final int MAX_DEPTH = 8;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10).flip();
  private final JsonMapper json;

  ControlLines(ReadableByteChannel channel, JsonMapper json) {
    this.channel = channel;
    this.json = json;
  }

  /// Reads the next object.
  ///
  /// @return empty at the end of the stream
  /// @throws IOException if the stream fails, or what it holds is not such an object
  Optional<Map<String, Object>> next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      if (!buffer.hasRemaining()) {
        buffer.clear();
        int count = channel.read(buffer);
        buffer.flip();
        if (count < 0) {
          return Optional.empty();
        }
      }
      int start = buffer.position();
      int end = start;
      while (end < buffer.limit() && buffer.get(end) != '\n') {
        end++;
      }
      if (line.size() + end - start > MAX_LINE_BYTES) {
        throw new IOException("a line is longer than " + MAX_LINE_BYTES + " bytes");
      }
      line.write(buffer.array(), start, end - start);
      boolean complete = end < buffer.limit();
      buffer.position(complete ? end + 1 : end);
      if (complete) {
        return Optional.of(parse(line.toString(StandardCharsets.UTF_8)));
      }
    }
  }

  private Map<String, Object> parse(String line) throws IOException {
    if (depth(line) > MAX_DEPTH) {
      throw new IOException("a line nests deeper than " + MAX_DEPTH + " levels");
    }
    try {
      return json.fromJsonObject(line);
    } catch (JsonException | IllegalStateException e) {
      throw new IOException("a line is not a JSON object", e);
    }
  }

  /// The parser recurses for each level, so an attacker's brackets would overflow its stack.
  private static int depth(String line) {
    int depth = 0;
    int deepest = 0;
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted) {
        i += c == '\\' ? 1 : 0;
        quoted = c != '"';
      } else if (c == '"') {
        quoted = true;
      } else if (c == '{' || c == '[') {
        deepest = Math.max(deepest, ++depth);
      } else if (c == '}' || c == ']') {
        depth--;
      }
    }
    return deepest;
  }
}
