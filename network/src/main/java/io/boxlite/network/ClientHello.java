package io.boxlite.network;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads the server name of a TLS ClientHello: RFC 8446, section 4.1.2; RFC 6066, section 3.
final class ClientHello {
  /// Type of the records that a handshake is sent in.
  static final byte HANDSHAKE = 22;

  private static final byte CLIENT_HELLO = 1;
  private static final int RECORD_HEADER = 5;
  private static final int MAX_RECORD = 16 * 1024;
  private static final int SERVER_NAME = 0;

  private ClientHello() {}

  /// {@return [FirstBytes.Tls], [FirstBytes.Incomplete] or [FirstBytes.Broken]}
  static FirstBytes parse(byte[] bytes) {
    ByteBuffer handshake = ByteBuffer.allocate(bytes.length);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    // The message may be spread over records, each as short as its sender likes.
    while (in.remaining() >= RECORD_HEADER) {
      byte type = in.get();
      byte major = in.get();
      byte minor = in.get();
      int length = in.getShort() & 0xffff;
      if (type != HANDSHAKE || major != 3 || minor > 4 || length == 0 || length > MAX_RECORD) {
        return new FirstBytes.Broken("not a TLS handshake");
      }
      int present = Math.min(length, in.remaining());
      handshake.put(in.slice(in.position(), present));
      in.position(in.position() + present);
      Optional<FirstBytes> read = message(handshake.duplicate().flip());
      if (read.isPresent()) {
        return read.get();
      }
    }
    return bytes.length < FirstBytes.MAX_BYTES
        ? new FirstBytes.Incomplete()
        : new FirstBytes.Broken("a TLS ClientHello that is too long");
  }

  /// {@return what the message is, or empty if it is not complete}
  private static Optional<FirstBytes> message(ByteBuffer handshake) {
    if (handshake.remaining() < 4) {
      return Optional.empty();
    }
    if (handshake.get() != CLIENT_HELLO) {
      return Optional.of(new FirstBytes.Broken("a TLS handshake without ClientHello"));
    }
    int length = ((handshake.get() & 0xff) << 16) | (handshake.getShort() & 0xffff);
    if (length > handshake.remaining()) {
      return length > FirstBytes.MAX_BYTES
          ? Optional.of(new FirstBytes.Broken("a TLS ClientHello that is too long"))
          : Optional.empty();
    }
    try {
      return Optional.of(body(handshake.slice(handshake.position(), length)));
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException _) {
      return Optional.of(new FirstBytes.Broken("a TLS ClientHello with wrong lengths"));
    }
  }

  private static FirstBytes body(ByteBuffer hello) {
    skip(hello, 2 + 32); // version, random
    skip(hello, hello.get() & 0xff); // session
    skip(hello, hello.getShort() & 0xffff); // cipher suites
    skip(hello, hello.get() & 0xff); // compression
    if (!hello.hasRemaining()) {
      return new FirstBytes.Tls(Optional.empty());
    }
    ByteBuffer extensions = part(hello, hello.getShort() & 0xffff);
    Optional<FirstBytes> found = Optional.empty();
    while (extensions.hasRemaining()) {
      int type = extensions.getShort() & 0xffff;
      ByteBuffer extension = part(extensions, extensions.getShort() & 0xffff);
      if (type == SERVER_NAME) {
        if (found.isPresent()) {
          return new FirstBytes.Broken("a TLS ClientHello with two server names");
        }
        found = Optional.of(serverName(extension));
      }
    }
    return found.orElse(new FirstBytes.Tls(Optional.empty()));
  }

  private static FirstBytes serverName(ByteBuffer extension) {
    ByteBuffer list = part(extension, extension.getShort() & 0xffff);
    int type = list.get();
    byte[] bytes = new byte[list.getShort() & 0xffff];
    list.get(bytes);
    if (type != 0 || list.hasRemaining() || extension.hasRemaining()) {
      return new FirstBytes.Broken("a TLS ClientHello with two server names");
    }
    Optional<String> name = HostNames.of(new String(bytes, StandardCharsets.ISO_8859_1));
    return name.isPresent()
        ? new FirstBytes.Tls(name)
        : new FirstBytes.Broken("a TLS ClientHello whose server name is none");
  }

  private static void skip(ByteBuffer buffer, int count) {
    var _ = part(buffer, count);
  }

  private static ByteBuffer part(ByteBuffer buffer, int count) {
    if (count > buffer.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer part = buffer.slice(buffer.position(), count);
    buffer.position(buffer.position() + count);
    return part;
  }
}
