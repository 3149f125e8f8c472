package io.boxlite.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// A client of HTTP/2 that sends any head. For one request.
final class Http2Client implements AutoCloseable {
  private final SSLSocket socket;

  Http2Client(SSLContext tls, int port, String host) throws IOException {
    java.net.Socket plain = new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), port);
    plain.setSoTimeout(20_000);
    socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, host, port, true);
    var parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
  }

  /// The headers of the response; empty when the connection or the stream ends without.
  Map<String, String> ask(String... headers) throws Exception {
    ByteBuf out = Unpooled.buffer();
    out.writeCharSequence("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
    frame(out, 4, 0, 0, Unpooled.EMPTY_BUFFER);
    ByteBuf head = Unpooled.buffer();
    for (int i = 0; i < headers.length; i += 2) {
      head.writeByte(0);
      text(head, headers[i]);
      text(head, headers[i + 1]);
    }
    frame(out, 1, 5, 1, head);
    Map<String, String> answer = new LinkedHashMap<>();
    try {
      socket.getOutputStream().write(ByteBufUtil.getBytes(out));
      socket.getOutputStream().flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (answer.isEmpty()) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        in.skipNBytes(5);
        byte[] body = new byte[length];
        in.readFully(body);
        if (type == 3 || type == 7) {
          return answer;
        }
        if (type == 1) {
          Http2Headers decoded =
              new DefaultHttp2HeadersDecoder().decodeHeaders(1, Unpooled.wrappedBuffer(body));
          decoded.forEach(h -> answer.put(h.getKey().toString(), h.getValue().toString()));
        }
      }
    } catch (EOFException e) {
      // Closed without an answer.
    }
    return answer;
  }

  private static void frame(ByteBuf out, int type, int flags, int stream, ByteBuf body) {
    out.writeMedium(body.readableBytes());
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.writeBytes(body);
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
