package io.boxlite.network;

import io.avaje.json.JsonException;
import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.NetworkException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Opens connections to ports of a box.
final class EgressTunnel {
  private static final int MAX_LINE_BYTES = 4096;
  private static final long TIMEOUT_SECONDS = 30;

  private EgressTunnel() {}

  static SocketChannel open(Path control, int port) {
    SocketChannel channel = ControlChannel.open(control, "{\"tunnel\":{\"port\":" + port + "}}");
    CompletableFuture<Void> answered = new CompletableFuture<>();
    // Closed by another thread, a read that waits ends.
    var _ =
        answered
            .orTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .whenComplete((_, late) -> {
              if (late != null) {
                ControlChannel.closeQuietly(channel);
              }
            });
    try {
      ControlFields answer =
          new ControlFields(JsonMapper.builder().build().fromJsonObject(line(channel)));
      if (Boolean.TRUE.equals(answer.fields().get("ok"))) {
        if (answered.complete(null)) {
          return channel;
        }
        throw new IOException("too late");
      }
      throw failure(port, answer.textOr("error", "boxlite-net says nothing"), null);
    } catch (IOException | JsonException | IllegalStateException e) {
      ControlChannel.closeQuietly(channel);
      throw failure(port, "boxlite-net does not answer", e);
    } catch (RuntimeException e) {
      ControlChannel.closeQuietly(channel);
      throw e;
    } finally {
      answered.complete(null);
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
