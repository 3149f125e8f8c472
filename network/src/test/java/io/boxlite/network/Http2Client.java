package io.boxlite.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// A client of HTTP/2 that sends any frame.
final class Http2Client implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RESET = 3;
  static final int SETTINGS = 4;
  static final int GOAWAY = 7;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  private final SSLSocket socket;
  private final ByteBuf out = Unpooled.buffer();

  /// A frame that came.
  record Frame(int type, int flags, int stream, byte[] body) {}

  Http2Client(SSLContext tls, int port, String host) throws IOException {
    java.net.Socket plain = new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), port);
    plain.setSoTimeout(20_000);
    socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, host, port, true);
    var parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    out.writeCharSequence("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
  }

  /// The headers of the response; empty when the connection or the stream ends without.
  Map<String, String> ask(String... headers) throws Exception {
    add(SETTINGS, 0, 0, new byte[0]);
    add(HEADERS, END_STREAM | END_HEADERS, 1, head(headers));
    Map<String, String> answer = new LinkedHashMap<>();
    try {
      flush();
      Frame frame = next(HEADERS);
      if (frame.type == HEADERS) {
        Http2Headers decoded =
            new DefaultHttp2HeadersDecoder().decodeHeaders(1, Unpooled.wrappedBuffer(frame.body));
        decoded.forEach(h -> answer.put(h.getKey().toString(), h.getValue().toString()));
      }
    } catch (IOException e) {
      // Closed without an answer.
    }
    return answer;
  }

  /// Puts a frame behind those that are to be sent.
  void add(int type, int flags, int stream, byte[] body) {
    out.writeMedium(body.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.writeBytes(body);
  }

  /// Sends them.
  void flush() throws IOException {
    byte[] bytes = ByteBufUtil.getBytes(out);
    out.clear();
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /// {@return the next frame of a type, or one that ends the stream or the connection}
  Frame next(int wanted) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    while (true) {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] body = new byte[length];
      in.readFully(body);
      if (type == wanted || type == RESET || type == GOAWAY) {
        return new Frame(type, flags, stream, body);
      }
    }
  }

  /// {@return a head, each header as a literal that goes into no table}
  static byte[] head(String... headers) {
    ByteBuf head = Unpooled.buffer();
    for (int i = 0; i < headers.length; i += 2) {
      head.writeByte(0);
      text(head, headers[i]);
      text(head, headers[i + 1]);
    }
    return ByteBufUtil.getBytes(head);
  }

  private static void text(ByteBuf out, String text) {
    out.writeByte(text.length());
    out.writeCharSequence(text, StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
