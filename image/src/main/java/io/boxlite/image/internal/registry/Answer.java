package io.boxlite.image.internal.registry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// The answer of a server; its body is still to be read. Closed by who gets it.
///
/// @param status HTTP status
/// @param uri that gave it
/// @param headers of it
/// @param body of it
record Answer(int status, URI uri, HttpHeaders headers, BodyStream body) implements AutoCloseable {
  private static final int DRAINED = 16 << 10;
  private static final Duration SMALL_BODY = Duration.ofMinutes(2);

  static Answer of(HttpResponse<BodyStream> response) {
    return new Answer(response.statusCode(), response.uri(), response.headers(), response.body());
  }

  Optional<String> header(String name) {
    return headers.firstValue(name);
  }

  /// {@return `Content-Length`, if it is a number}
  OptionalLong length() {
    try {
      Optional<String> value = header("Content-Length");
      return value.isEmpty()
          ? OptionalLong.empty()
          : OptionalLong.of(Long.parseLong(value.get().trim()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /// {@return `Content-Type` in lower case without its parameters; empty if there is none}
  String mediaType() {
    String type = header("Content-Type").orElse("");
    int semicolon = type.indexOf(';');
    return (semicolon < 0 ? type : type.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
  }

  /// Reads the body.
  ///
  /// @param limit bytes that are read at most
  /// @return the body; one byte more than the limit if it is longer
  /// @throws IOException if it breaks off, or takes longer than any small body should
  byte[] read(int limit) throws IOException {
    long deadline = System.nanoTime() + SMALL_BODY.toNanos();
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    byte[] block = new byte[DRAINED];
    while (content.size() <= limit) {
      int count = body.read(block, 0, Math.min(block.length, limit + 1 - content.size()));
      if (count < 0) {
        break;
      }
      content.write(block, 0, count);
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("its answer took more than " + SMALL_BODY.toSeconds() + " s");
      }
    }
    return content.toByteArray();
  }

  /// Reads the rest if it is small, so that the connection can be used again; closes this.
  void discard() {
    try (this) {
      read(DRAINED);
    } catch (IOException e) {
      // Nobody wanted it.
    }
  }

  @Override
  public void close() {
    body.close();
  }
}
