package io.boxlite.network;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// HTTP/1 by hand, as it is on the wire.
final class Wire {
  private Wire() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static String head(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return bytes.toString(StandardCharsets.ISO_8859_1);
      }
      bytes.write(b);
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  static String line(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int b = in.read(); b >= 0; b = in.read()) {
      text.append((char) b);
      if (b == '\n') {
        break;
      }
    }
    return text.toString().strip();
  }

  static String header(String head, String name) {
    for (String line : head.split("\r\n")) {
      if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":")) {
        return line.substring(name.length() + 1).strip();
      }
    }
    return "";
  }

  static String body(String head, InputStream in) throws IOException {
    if (header(head, "Transfer-Encoding").equals("chunked")) {
      StringBuilder text = new StringBuilder();
      while (true) {
        int size = Integer.parseInt(line(in), 16);
        if (size == 0) {
          for (String trailer = line(in); !trailer.isEmpty(); trailer = line(in)) {
            text.append("[trailer ").append(trailer).append("]");
          }
          return text.toString();
        }
        text.append(new String(in.readNBytes(size), StandardCharsets.ISO_8859_1));
        line(in);
      }
    }
    String length = header(head, "Content-Length");
    return length.isEmpty()
        ? ""
        : new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.ISO_8859_1);
  }

  /// Reads requests and answers each with what it was.
  static void echo(java.net.Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    while (true) {
      String head = head(in);
      if (head.isEmpty()) {
        return;
      }
      byte[] body = bytes(head + body(head, in));
      socket
          .getOutputStream()
          .write(
              bytes(
                  "HTTP/1.1 200 OK\r\nX-Echo: Yes\r\nContent-Length: " + body.length + "\r\n\r\n"));
      if (!head.startsWith("HEAD ")) {
        socket.getOutputStream().write(body);
      }
      socket.getOutputStream().flush();
    }
  }
}
