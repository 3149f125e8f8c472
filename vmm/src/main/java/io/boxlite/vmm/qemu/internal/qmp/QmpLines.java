package io.boxlite.vmm.qemu.internal.qmp;

import io.avaje.json.JsonException;
import io.avaje.json.mapper.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/// Reads JSON objects, one a line. A guest that has taken QEMU over may send anything, so length
/// and depth of a line are bounded before it is parsed. Confined to one thread.
final class QmpLines {
  static final int MAX_LINE_BYTES = 1 << 20;
  static final int MAX_DEPTH = 64;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10).flip();
  private final JsonMapper json;

  QmpLines(ReadableByteChannel channel, JsonMapper json) {
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
      if (takeUntilNewline(line)) {
        return Optional.of(parse(line.toByteArray()));
      }
    }
  }

  private boolean takeUntilNewline(ByteArrayOutputStream line) throws IOException {
    int start = buffer.position();
    int end = start;
    while (end < buffer.limit() && buffer.get(end) != '\n') {
      end++;
    }
    if (line.size() + end - start > MAX_LINE_BYTES) {
      throw new IOException("a line is longer than " + MAX_LINE_BYTES + " bytes");
    }
    line.write(buffer.array(), start, end - start);
    boolean found = end < buffer.limit();
    buffer.position(found ? end + 1 : end);
    return found;
  }

  private Map<String, Object> parse(byte[] line) throws IOException {
    checkDepth(line);
    try {
      return json.fromJsonObject(new String(line, StandardCharsets.UTF_8));
    } catch (JsonException | IllegalStateException e) {
      throw new IOException("a line is not a JSON object", e);
    }
  }

  /// The parser recurses for each level, so an attacker's brackets would overflow its stack.
  private static void checkDepth(byte[] line) throws IOException {
    int depth = 0;
    boolean quoted = false;
    for (int i = 0; i < line.length; i++) {
      byte b = line[i];
      if (quoted) {
        if (b == '\\') {
          i++;
        } else if (b == '"') {
          quoted = false;
        }
      } else if (b == '"') {
        quoted = true;
      } else if (b == '{' || b == '[') {
        depth++;
      } else if (b == '}' || b == ']') {
        depth--;
      }
      if (depth > MAX_DEPTH) {
        throw new IOException("a line nests deeper than " + MAX_DEPTH + " levels");
      }
    }
  }
}
