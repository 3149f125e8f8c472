package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What a request of HTTP/1 must be so that no two readers can understand it differently: RFC 9112
/// without all its leniency.
final class HeadCheck {
  private HeadCheck() {}

  /// {@return where the head ends, behind its empty line; -1 when it does not yet}
  static int end(ByteBuf in) {
    int at = in.readerIndex();
    while (true) {
      int line = in.indexOf(at, in.writerIndex(), (byte) '\n');
      if (line < 0) {
        return -1;
      }
      if (line - at == 0 || (line - at == 1 && in.getByte(at) == '\r')) {
        return line + 1;
      }
      at = line + 1;
    }
  }

  /// {@return what is wrong with a head}
  ///
  /// @param head from the method to the empty line
  static Optional<String> problem(String head) {
    String[] lines = head.split("\r\n", -1);
    // The empty line and what is behind it.
    if (lines.length < 3 || head.chars().anyMatch(c -> c == 0) || hasLoneLineEnd(lines)) {
      return Optional.of("line ends must be CR LF");
    }
    Optional<String> first = requestLine(lines[0]);
    if (first.isPresent()) {
      return first;
    }
    List<String> lengths = new ArrayList<>();
    List<String> encodings = new ArrayList<>();
    int hosts = 0;
    for (int i = 1; i < lines.length - 2; i++) {
      int colon = lines[i].indexOf(':');
      if (colon <= 0 || !lines[i].substring(0, colon).chars().allMatch(HeadCheck::isToken)) {
        return Optional.of("a header line is folded or has no proper name");
      }
      String value = lines[i].substring(colon + 1).strip();
      switch (lines[i].substring(0, colon).toLowerCase(Locale.ROOT)) {
        case "content-length" -> lengths.add(value);
        case "transfer-encoding" -> encodings.add(value);
        case "host" -> hosts++;
        default -> {}
      }
    }
    if (hosts != 1) {
      return Optional.of("there must be one Host");
    }
    return bodyProblem(lengths, encodings, lines[0].endsWith("HTTP/1.0"));
  }

  private static Optional<String> bodyProblem(
      List<String> lengths, List<String> encodings, boolean old) {
    if (lengths.size() + encodings.size() > 1) {
      return Optional.of("the length of the body is given more than once");
    }
    if (!lengths.isEmpty() && !lengths.getFirst().matches("[0-9]{1,18}")) {
      return Optional.of("Content-Length is no number");
    }
    if (!encodings.isEmpty() && (old || !encodings.getFirst().equalsIgnoreCase("chunked"))) {
      return Optional.of("Transfer-Encoding must be chunked");
    }
    return Optional.empty();
  }

  private static Optional<String> requestLine(String line) {
    int first = line.indexOf(' ');
    int second = line.indexOf(' ', first + 1);
    if (first <= 0
        || second <= first + 1
        || line.indexOf(' ', second + 1) >= 0
        || !line.substring(0, first).chars().allMatch(HeadCheck::isToken)
        || !line.substring(first + 1, second).chars().allMatch(c -> c > ' ' && c != 0x7f)) {
      return Optional.of("the request line is malformed");
    }
    String version = line.substring(second + 1);
    return version.equals("HTTP/1.1") || version.equals("HTTP/1.0")
        ? Optional.empty()
        : Optional.of("the version is not HTTP/1.0 or HTTP/1.1");
  }

  private static boolean hasLoneLineEnd(String[] lines) {
    for (String line : lines) {
      if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
        return true;
      }
    }
    return false;
  }

  static boolean isToken(int c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  /// The head as text, a character a byte.
  static String text(ByteBuf in, int end) {
    return in.toString(in.readerIndex(), end - in.readerIndex(), StandardCharsets.ISO_8859_1);
  }
}
