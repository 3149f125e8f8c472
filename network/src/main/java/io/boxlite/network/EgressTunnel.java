package io.boxlite.network;

import io.avaje.json.JsonException;
import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.NetworkException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Opens connections to ports of a box.
final class EgressTunnel {
  private static final int MAX_LINE_BYTES = 4096;

  private EgressTunnel() {}

  static SocketChannel open(Path control, int port) {
    SocketChannel channel = ControlChannel.open(control, "{\"tunnel\":{\"port\":" + port + "}}");
    try {
      ControlFields answer =
          new ControlFields(JsonMapper.builder().build().fromJsonObject(line(channel)));
      if (Boolean.TRUE.equals(answer.fields().get("ok"))) {
        return channel;
      }
      throw failure(port, answer.textOr("error", "boxlite-net says nothing"), null);
    } catch (IOException | JsonException | IllegalStateException e) {
      ControlChannel.closeQuietly(channel);
      throw failure(port, "boxlite-net does not answer", e);
    } catch (RuntimeException e) {
      ControlChannel.closeQuietly(channel);
      throw e;
    }
  }

  private static NetworkException failure(int port, String why, @Nullable Exception cause) {
    return new NetworkException(
        "tunnel", "tunnel to port " + port + " of the box: " + why, cause, Map.of());
  }

  /// A byte at a time: what is behind the line is the box's.
  private static String line(SocketChannel channel) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (line.length() < MAX_LINE_BYTES) {
      if (channel.read(one.clear()) < 0) {
        throw new IOException("the connection ended");
      }
      if (one.get(0) == '\n') {
        return line.toString();
      }
      line.append((char) (one.get(0) & 0x7f));
    }
    throw new IOException("a line is too long");
  }
}
