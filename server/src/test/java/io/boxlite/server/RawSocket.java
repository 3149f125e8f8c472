package io.boxlite.server;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A WebSocket client that does exactly what a test says, right or wrong.
final class RawSocket implements Closeable {
  private final SocketChannel channel;

  record Frame(int first, byte[] payload) {
    int opcode() {
      return first & 0x0f;
    }

    String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }
  }

  RawSocket(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  String upgrade(String path) throws IOException {
    write(
        ("GET "
                + path
                + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
      head.write(read(1)[0]);
    }
    return head.toString(StandardCharsets.US_ASCII);
  }

  void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  void send(int first, String payload) throws IOException {
    byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(bytes.length + 8).put((byte) first);
    if (bytes.length < 126) {
      frame.put((byte) (0x80 | bytes.length));
    } else {
      frame.put((byte) 0xfe).putShort((short) bytes.length);
    }
    frame.putInt(0).put(bytes).flip(); // a mask of zeros
    byte[] out = new byte[frame.remaining()];
    frame.get(out);
    write(out);
  }

  Frame next() throws IOException {
    byte[] head = read(2);
    int length = head[1] & 0x7f;
    if (length == 126) {
      length = ByteBuffer.wrap(read(2)).getShort() & 0xffff;
    }
    return new Frame(head[0] & 0xff, read(length));
  }

  /// The next frame that is not a ping.
  Frame data() throws IOException {
    Frame frame = next();
    return frame.opcode() == 9 ? data() : frame;
  }

  private byte[] read(int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return buffer.array();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
