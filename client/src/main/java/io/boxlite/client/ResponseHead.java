package io.boxlite.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Status line and headers of an answer, read strictly: what two parsers could understand in two
/// ways is refused.
final class ResponseHead {
  static final int MAX_LINE = 8 * 1024;
  static final int MAX_HEADERS = 100;

  private final int status;
  private final List<String> names;
  private final List<String> values;

  private ResponseHead(int status, List<String> names, List<String> values) {
    this.status = status;
    this.names = names;
    this.values = values;
  }

  static ResponseHead read(Connection connection) throws IOException {
    ResponseHead head = readOne(connection);
    // 101 is final for whoever asked for it; the others only announce
    for (int i = 0; head.status < 200 && head.status != 101; i++) {
      if (i == 10) {
        throw new IOException("too many provisional answers");
      }
      head = readOne(connection);
    }
    return head;
  }

  private static ResponseHead readOne(Connection connection) throws IOException {
    int status = status(line(connection));
    List<String> names = new ArrayList<>();
    List<String> values = new ArrayList<>();
    String line = line(connection);
    while (!line.isEmpty()) {
      if (names.size() == MAX_HEADERS) {
        throw new IOException("more than " + MAX_HEADERS + " headers");
      }
      int colon = line.indexOf(':');
      if (colon <= 0 || !isToken(line, colon)) {
        throw new IOException("malformed header: " + quoted(line));
      }
      names.add(line.substring(0, colon));
      values.add(line.substring(colon + 1).strip());
      line = line(connection);
    }
    return new ResponseHead(status, names, values);
  }

  private static int status(String line) throws IOException {
    boolean known = line.startsWith("HTTP/1.1 ") && line.length() >= 12;
    if (known && (line.length() == 12 || line.charAt(12) == ' ')) {
      int status = 0;
      for (int i = 9; i < 12; i++) {
        int digit = line.charAt(i) - '0';
        status = digit < 0 || digit > 9 ? -1000 : status * 10 + digit;
      }
      if (status >= 100 && status <= 599) {
        return status;
      }
    }
    throw new IOException("not an HTTP/1.1 answer: " + quoted(line));
  }

  /// Reads a line that ends in CR LF. Bare CR, bare LF, and control characters are refused.
  static String line(Connection connection) throws IOException {
    StringBuilder line = new StringBuilder(64);
    while (true) {
      int b = connection.require();
      if (b == '\r') {
        if (connection.require() != '\n') {
          throw new IOException("carriage return without line feed in a header");
        }
        return line.toString();
      }
      if ((b < ' ' && b != '\t') || b == 0x7f) {
        throw new IOException("control character in a header");
      }
      if (line.length() == MAX_LINE) {
        throw new IOException("header line longer than " + MAX_LINE + " bytes");
      }
      line.append((char) b);
    }
  }

  private static boolean isToken(String line, int end) {
    for (int i = 0; i < end; i++) {
      char c = line.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static String quoted(String text) {
    return "'" + text.substring(0, Math.min(80, text.length())) + "'";
  }

  int status() {
    return status;
  }

  Optional<String> header(String name) {
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equalsIgnoreCase(name)) {
        return Optional.of(values.get(i));
      }
    }
    return Optional.empty();
  }

  private int count(String name) {
    int count = 0;
    for (String header : names) {
      count += header.equalsIgnoreCase(name) ? 1 : 0;
    }
    return count;
  }

  boolean closes() {
    return header("Connection").orElse("").equalsIgnoreCase("close");
  }

  boolean isChunked() throws IOException {
    Optional<String> encoding = header("Transfer-Encoding");
    if (encoding.isPresent()
        && (!encoding.get().equalsIgnoreCase("chunked")
            || count("Transfer-Encoding") > 1
            || count("Content-Length") > 0)) {
      throw new IOException("ambiguous or unknown transfer encoding");
    }
    return encoding.isPresent();
  }

  /// The length of the body, or -1 when the end of the connection ends it.
  long contentLength() throws IOException {
    if (status < 200 || status == 204 || status == 304) {
      return 0;
    }
    Optional<String> length = header("Content-Length");
    if (length.isEmpty()) {
      return -1;
    }
    String digits = length.get();
    if (count("Content-Length") > 1 || digits.isEmpty() || digits.length() > 18) {
      throw new IOException("malformed content length");
    }
    for (int i = 0; i < digits.length(); i++) {
      if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
        throw new IOException("malformed content length");
      }
    }
    return Long.parseLong(digits);
  }
}
