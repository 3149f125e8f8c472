package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HexFormat;

/// Paths as the bytes that they are, whether they are text or not and whatever the charset of this
/// process is. A string stands for bytes here, one character each, as in
/// [io.boxlite.api.internal.tar.TarEntry].
///
/// By way of URIs, the only form of a [Path] that has them all: as text it is decoded and encoded.
final class PathBytes {
  private static final String SCHEME = "file:///";
  private static final Path ROOT = Path.of("/");

  private PathBytes() {}

  /// {@return the bytes of a path}
  static String of(Path path) {
    String raw = ROOT.resolve(path).toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = path.isAbsolute() ? 0 : 1; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        bytes.write(HexFormat.fromHexDigits(raw, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    String text = bytes.toString(ISO_8859_1);
    // The URI of a directory ends so, also when a link leads there.
    return text.endsWith("/") && !path.toString().endsWith("/")
        ? text.substring(0, text.length() - 1)
        : text;
  }

  /// {@return the bytes of the last element of a path}
  static String name(Path path) {
    String bytes = of(path);
    return bytes.substring(bytes.lastIndexOf('/') + 1);
  }

  /// {@return the path that has some bytes; double and last slashes left out}
  ///
  /// @throws IOException if no path has them
  static Path path(String bytes) throws IOException {
    if (bytes.indexOf('\0') >= 0) {
      throw new IOException("a name with a zero byte in it");
    }
    StringBuilder uri = new StringBuilder(SCHEME);
    for (byte b : bytes.getBytes(ISO_8859_1)) {
      if (b == '/') {
        uri.append('/');
      } else {
        uri.append('%').append(HexFormat.of().toHexDigits(b));
      }
    }
    Path path = Path.of(URI.create(uri.toString()));
    if (bytes.startsWith("/")) {
      return path;
    }
    return path.getNameCount() == 0 ? Path.of("") : path.subpath(0, path.getNameCount());
  }
}
