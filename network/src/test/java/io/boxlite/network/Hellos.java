package io.boxlite.network;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/// Real ClientHellos, of the JDK.
final class Hellos {
  private Hellos() {}

  static byte[] of(String serverName) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(true);
      SSLParameters parameters = engine.getSSLParameters();
      if (!serverName.isEmpty()) {
        parameters.setServerNames(List.of(new SNIHostName(serverName)));
      }
      engine.setSSLParameters(parameters);
      ByteBuffer hello = ByteBuffer.allocate(64 * 1024);
      engine.wrap(ByteBuffer.allocate(0), hello);
      byte[] bytes = new byte[hello.flip().remaining()];
      hello.get(bytes);
      return bytes;
    } catch (GeneralSecurityException | SSLException e) {
      throw new AssertionError(e);
    }
  }

  /// The same message in records of so many bytes.
  static byte[] fragmented(byte[] hello, int size) {
    int length = hello.length - 5;
    ByteBuffer out = ByteBuffer.allocate(length + 5 * (length / size + 1));
    for (int at = 0; at < length; at += size) {
      int part = Math.min(size, length - at);
      out.put((byte) 22).put((byte) 3).put((byte) 1).putShort((short) part);
      out.put(hello, 5 + at, part);
    }
    byte[] bytes = new byte[out.flip().remaining()];
    out.get(bytes);
    return bytes;
  }
}
