package io.boxlite.client;

import io.boxlite.api.Tunnel;
import io.boxlite.rest.Frames;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// A tunnel of another process, in a WebSocket: bytes are binary messages, and a text ends a
/// direction.
final class RemoteTunnel implements Tunnel {
  private final WebSocket socket;
  private final InputStream input = new Input();
  private final OutputStream output = new Output();

  /// @param socket owned from here on
  RemoteTunnel(WebSocket socket) {
    this.socket = socket;
  }

  @Override
  public InputStream input() {
    return input;
  }

  @Override
  public OutputStream output() {
    return output;
  }

  @Override
  public void close() {
    socket.close();
  }

  private final class Input extends InputStream {
    private int position;
    private int limit;
    private boolean ended;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      while (position == limit && !ended) {
        receive();
      }
      if (position == limit) {
        return -1;
      }
      int count = Math.min(length, limit - position);
      System.arraycopy(socket.message(), position, bytes, offset, count);
      position += count;
      return count;
    }

    private void receive() throws IOException {
      switch (socket.next()) {
        case WebSocket.BINARY -> {
          position = 0;
          limit = socket.length();
        }
        case WebSocket.TEXT -> ended = socket.text().equals(Frames.TUNNEL_END);
        default -> throw new IOException("the tunnel was cut off");
      }
    }
  }

  private final class Output extends OutputStream {
    private boolean ended;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      for (int done = 0; done < count; ) {
        int some = Math.min(count - done, Frames.MAX_PAYLOAD);
        socket.sendBinary(bytes, offset + done, some);
        done += some;
      }
    }

    @Override
    public void close() throws IOException {
      if (!ended) {
        ended = true;
        socket.sendText(Frames.TUNNEL_END);
      }
    }
  }
}
