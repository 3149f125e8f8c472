package io.boxlite.rest;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Stream;

/// What an upload of files has skipped, as a header of the answer: percent-encoded, separated by
/// commas, bounded.
public final class FileWarnings {
  /// Name of the header.
  public static final String HEADER = "X-Boxlite-Skipped";

  private static final int MAX_LENGTH = 6000;

  private FileWarnings() {}

  /// {@return the value of the header}
  ///
  /// @param skipped at least one
  public static String encode(List<String> skipped) {
    StringJoiner joiner = new StringJoiner(",");
    for (String reason : skipped) {
      String encoded = Paths.encode(reason);
      if (joiner.length() + encoded.length() > MAX_LENGTH) {
        joiner.add(Paths.encode("more was skipped"));
        break;
      }
      joiner.add(encoded);
    }
    return joiner.toString();
  }

  /// {@return what was skipped}
  ///
  /// @param header value of the header; what is not well-formed is left as it is
  public static List<String> decode(String header) {
    return Stream.of(header.split(",")).filter(s -> !s.isEmpty()).map(FileWarnings::plain).toList();
  }

  private static String plain(String encoded) {
    try {
      return URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return encoded;
    }
  }
}
