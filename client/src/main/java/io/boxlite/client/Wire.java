package io.boxlite.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// The bytes of a connection: one thread reads and another may write at the same time.
interface Wire extends Closeable {
  /// Reads what is there, at least one byte, or -1 at the end.
  int read(ByteBuffer into) throws IOException;

  /// Writes all.
  void write(ByteBuffer bytes) throws IOException;

  /// Writes no more; what comes can still be read.
  void leave() throws IOException;

  /// Has reads fail that wait longer than this.
  ///
  /// @param millis 0: never
  void limit(int millis) throws IOException;

  /// Whether an idle connection can be used again: neither closed by the peer nor with bytes that
  /// nobody asked for.
  boolean isFresh();

  /// {@return that of a socket channel}
  static Wire of(SocketChannel channel) {
    return new Wire() {
      private volatile int limit;

      @Override
      public int read(ByteBuffer into) throws IOException {
        if (limit == 0) {
          return channel.read(into);
        }
        byte[] bytes = new byte[into.remaining()];
        int count = channel.socket().getInputStream().read(bytes); // channels have no limit
        into.put(bytes, 0, Math.max(count, 0));
        return count;
      }

      @Override
      public void limit(int millis) throws IOException {
        if (millis != limit) {
          channel.socket().setSoTimeout(millis);
          limit = millis;
        }
      }

      @Override
      public void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }

      @Override
      public void leave() throws IOException {
        channel.shutdownOutput();
      }

      @Override
      public boolean isFresh() {
        if (!channel.isOpen()) {
          return false;
        }
        try {
          channel.configureBlocking(false);
          int read = channel.read(ByteBuffer.allocate(1));
          channel.configureBlocking(true);
          return read == 0;
        } catch (IOException e) {
          return false;
        }
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /// {@return that of a socket with TLS, of which nobody can tell whether it is fresh}
  static Wire of(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    OutputStream out = socket.getOutputStream();
    byte[] buffer = new byte[16 * 1024];
    return new Wire() {
      @Override
      public int read(ByteBuffer into) throws IOException {
        int count = in.read(buffer, 0, Math.min(buffer.length, into.remaining()));
        if (count > 0) {
          into.put(buffer, 0, count);
        }
        return count;
      }

      @Override
      public void limit(int millis) throws IOException {
        socket.setSoTimeout(millis);
      }

      @Override
      public void write(ByteBuffer bytes) throws IOException {
        byte[] all = new byte[bytes.remaining()];
        bytes.get(all);
        out.write(all);
      }

      @Override
      public void leave() throws IOException {
        socket.shutdownOutput();
      }

      @Override
      public boolean isFresh() {
        return false;
      }

      @Override
      public void close() throws IOException {
        socket.close();
      }
    };
  }
}
