package io.boxlite.client;

import io.boxlite.rest.ErrorEnvelope;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A WebSocket (RFC 6455), client side. One thread reads; any thread may write.
final class WebSocket implements Closeable {
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  private static final int CONTINUATION = 0;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final int MAX_MESSAGE = 1024 * 1024;
  private static final int MAX_ERROR = 64 * 1024;
  private static final int MAX_HEADER = 14;
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private final RestConnections connections;
  private final Connection connection;
  private final ResponseHead head;
  private final ReentrantLock writing = new ReentrantLock();
  private ByteBuffer out = ByteBuffer.allocate(16 * 1024).order(ByteOrder.LITTLE_ENDIAN);
  private boolean sentData;
  private byte @Nullable [] pendingPong;
  private byte[] message = new byte[64 * 1024];
  private int length;
  private String closeReason = "";

  private WebSocket(RestConnections connections, Connection connection, ResponseHead head) {
    this.connections = connections;
    this.connection = connection;
    this.head = head;
  }

  static WebSocket open(RestConnections connections, String path) throws IOException {
    Connection connection = connections.take();
    boolean opened = false;
    try {
      byte[] nonce = new byte[16];
      ThreadLocalRandom.current().nextBytes(nonce); // only tells apart, keeps no secret
      String key = Base64.getEncoder().encodeToString(nonce);
      byte[] request =
          (connections.target().head("GET", path)
                  + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                  + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                  + key
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII);
      connection.write(request, 0, request.length);
      String accepted = accept(key); // while the server works
      connection.limit(connections.target().patience());
      ResponseHead head = ResponseHead.read(connection);
      if (head.status() != 101) {
        ResponseBody body = new ResponseBody(connection, connections, head, false);
        throw ErrorEnvelope.toException(head.status(), body.readNBytes(MAX_ERROR));
      }
      if (!head.header("Sec-WebSocket-Accept").orElse("").equals(accepted)) {
        throw new IOException("the server did not accept the WebSocket");
      }
      connection.limit(0);
      opened = true;
      return new WebSocket(connections, connection, head);
    } finally {
      if (!opened) {
        connections.drop(connection);
      }
    }
  }

  private static String accept(String key) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return Base64.getEncoder()
          .encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  ResponseHead head() {
    return head;
  }

  /// Reads the next message into [#message()]; answers pings on the way.
  ///
  /// @return its type, or [#CLOSE] when the peer closes
  int next() throws IOException {
    length = 0;
    int type = CONTINUATION;
    while (true) {
      int first = connection.require();
      int opcode = first & 0x0f;
      boolean last = (first & FIN) != 0;
      if ((first & 0x70) != 0) {
        throw new IOException("reserved bits set in a frame");
      }
      long size = frameSize();
      if (opcode >= CLOSE) {
        if (control(opcode, last, size)) {
          return CLOSE;
        }
        continue;
      }
      boolean starts = type == CONTINUATION;
      if (starts != (opcode != CONTINUATION) || opcode > BINARY) {
        throw new IOException("frame of unexpected type " + opcode);
      }
      type = starts ? opcode : type;
      append(size);
      if (last) {
        return type;
      }
    }
  }

  private long frameSize() throws IOException {
    int second = connection.require();
    if ((second & MASKED) != 0) {
      throw new IOException("masked frame from a server");
    }
    int bytes = second == 127 ? 8 : second == 126 ? 2 : 0;
    long size = bytes == 0 ? second : 0;
    for (int i = 0; i < bytes; i++) {
      size = (size << 8) | connection.require();
    }
    if (size < 0) {
      throw new IOException("frame with a negative length");
    }
    return size;
  }

  private void append(long size) throws IOException {
    if (size > MAX_MESSAGE - length) {
      throw new IOException("message longer than " + MAX_MESSAGE + " bytes");
    }
    int needed = length + (int) size;
    if (needed > message.length) {
      message = java.util.Arrays.copyOf(message, Math.max(needed, message.length * 2));
    }
    connection.readFully(message, length, (int) size);
    length = needed;
  }

  private boolean control(int opcode, boolean last, long size) throws IOException {
    if (!last || size > 125 || opcode > PONG) {
      throw new IOException("malformed control frame");
    }
    byte[] payload = new byte[(int) size];
    connection.readFully(payload, 0, payload.length);
    if (opcode == PING) {
      answerPing(payload);
    }
    if (opcode == CLOSE && size > 2) {
      closeReason = new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }
    return opcode == CLOSE;
  }

  // The reading thread must never wait for room to write: a server that waits for this side to read
  // would then wait for ever. Until data was sent there is room; afterwards the next sender of data
  // brings the answer along.
  private void answerPing(byte[] payload) throws IOException {
    synchronized (this) {
      pendingPong = payload;
      if (sentData) {
        return;
      }
    }
    if (writing.tryLock()) {
      try {
        sendPendingPong();
      } finally {
        writing.unlock();
      }
    }
  }

  private void sendPendingPong() throws IOException {
    byte[] pong;
    synchronized (this) {
      pong = pendingPong;
      pendingPong = null;
    }
    if (pong != null) {
      frame(PONG, pong, 0, pong.length);
    }
  }

  /// {@return why the peer has closed, as it says; empty: it does not}
  String closeReason() {
    return closeReason;
  }

  byte[] message() {
    return message;
  }

  int length() {
    return length;
  }

  String text() {
    return new String(message, 0, length, StandardCharsets.UTF_8);
  }

  void sendText(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    send(TEXT, bytes, 0, bytes.length);
  }

  void sendBinary(byte[] bytes, int offset, int count) throws IOException {
    send(BINARY, bytes, offset, count);
  }

  private void send(int type, byte[] bytes, int offset, int count) throws IOException {
    writing.lock();
    try {
      synchronized (this) {
        sentData = true;
      }
      frame(type, bytes, offset, count);
      sendPendingPong();
    } finally {
      writing.unlock();
    }
  }

  private void frame(int type, byte[] bytes, int offset, int count) throws IOException {
    if (out.capacity() < count + MAX_HEADER) {
      out = ByteBuffer.allocate(count + MAX_HEADER).order(ByteOrder.LITTLE_ENDIAN);
    }
    out.clear().put((byte) (FIN | type));
    if (count < 126) {
      out.put((byte) (MASKED | count));
    } else if (count < 65536) {
      out.put((byte) (MASKED | 126)).put((byte) (count >> 8)).put((byte) count);
    } else {
      out.put((byte) (MASKED | 127)).order(ByteOrder.BIG_ENDIAN).putLong(count);
      out.order(ByteOrder.LITTLE_ENDIAN);
    }
    int mask = ThreadLocalRandom.current().nextInt();
    out.putInt(mask);
    int start = out.position();
    out.put(bytes, offset, count);
    mask(start, out.position(), mask);
    connection.write(out.flip());
  }

  private void mask(int start, int end, int mask) {
    long wide = (mask & 0xffffffffL) | ((long) mask << 32);
    int at = start;
    for (; at + 8 <= end; at += 8) {
      out.putLong(at, out.getLong(at) ^ wide);
    }
    for (int shift = 0; at < end; at++, shift += 8) {
      out.put(at, (byte) (out.get(at) ^ (mask >> shift)));
    }
  }

  @Override
  public void close() {
    connections.drop(connection);
  }
}
