package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What matters of a TLS ClientHello. Immutable.
///
/// @param serverName the host it asks for, in lower case; empty when it asks for none
/// @param protocols what ALPN offers, in its order
record ClientHello(String serverName, List<String> protocols) {
  private static final int SERVER_NAME = 0;
  private static final int ALPN = 16;

  /// {@return what a hello says}
  ///
  /// @param hello its body, behind the handshake header; not changed
  /// @throws IndexOutOfBoundsException when it is cut off
  static ClientHello parse(ByteBuf hello) {
    ByteBuf in = hello.slice();
    String name = "";
    List<String> protocols = new ArrayList<>();
    in.skipBytes(2 + 32);
    in.skipBytes(in.readUnsignedByte());
    in.skipBytes(in.readUnsignedShort());
    in.skipBytes(in.readUnsignedByte());
    ByteBuf extensions = in.isReadable() ? in.readSlice(in.readUnsignedShort()) : in;
    while (extensions.isReadable()) {
      int type = extensions.readUnsignedShort();
      ByteBuf content = extensions.readSlice(extensions.readUnsignedShort());
      if (type == SERVER_NAME && content.isReadable()) {
        name = serverName(content);
      } else if (type == ALPN) {
        ByteBuf list = content.readSlice(content.readUnsignedShort());
        while (list.isReadable()) {
          protocols.add(text(list.readSlice(list.readUnsignedByte())));
        }
      }
    }
    return new ClientHello(HostPattern.normal(name), List.copyOf(protocols));
  }

  private static String serverName(ByteBuf content) {
    ByteBuf names = content.readSlice(content.readUnsignedShort());
    while (names.isReadable()) {
      int type = names.readUnsignedByte();
      ByteBuf name = names.readSlice(names.readUnsignedShort());
      if (type == 0) {
        return text(name);
      }
    }
    return "";
  }

  private static String text(ByteBuf bytes) {
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }
}
