package io.boxlite.network;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// What the first bytes of a connection are. The box chose them: every length in them is checked.
sealed interface FirstBytes {
  /// No connection needs more to show what it is.
  int MAX_BYTES = 16 * 1024;

  /// A carriage return alone, or a zero, in lines that are ended by both.
  Pattern BARE = Pattern.compile("\\r(?!\\n|$)|\\x00");

  /// How a request line may begin: a token, and if there is more, a space.
  Pattern METHOD = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?:[ \\t]|$)");

  /// Nothing was sent.
  record Silent() implements FirstBytes {}

  /// More is needed.
  record Incomplete() implements FirstBytes {}

  /// A TLS ClientHello.
  ///
  /// @param serverName the host that it asks for, in lower case; with Encrypted Client Hello the
  ///   outer one, which is the one that the other side can be reached by
  record Tls(Optional<String> serverName) implements FirstBytes {}

  /// Something that claims to be TLS and is none, or asks for no valid name.
  record Broken(String why) implements FirstBytes {}

  /// A request of HTTP.
  ///
  /// @param version `HTTP/1.1` or the like, in upper case
  /// @param host what its only Host field says, without a port; empty: it has none, several, or it
  ///   did not come yet
  /// @param complete whether the header is complete
  record Http(String version, Optional<String> host, boolean complete) implements FirstBytes {}

  /// Anything else.
  ///
  /// @param ssh whether it is SSH
  record Other(boolean ssh) implements FirstBytes {}

  /// {@return what they are}
  ///
  /// @param bytes at most [#MAX_BYTES] from the beginning
  static FirstBytes of(byte[] bytes) {
    if (bytes.length == 0) {
      return new Silent();
    }
    return bytes[0] == ClientHello.HANDSHAKE ? ClientHello.parse(bytes) : text(bytes);
  }

  /// HTTP, or not. Servers are lenient about what comes before the request line: so is this, since
  /// what is not seen as HTTP is not checked as such.
  private static FirstBytes text(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1).stripLeading();
    int end = text.indexOf('\n');
    if (end < 0) {
      boolean undecided = text.isEmpty() || METHOD.matcher(text).lookingAt();
      return undecided && bytes.length < MAX_BYTES ? new Incomplete() : new Other(false);
    }
    String line = text.substring(0, end).strip().toUpperCase(Locale.ROOT);
    int space = Math.max(line.lastIndexOf(' '), line.lastIndexOf('\t'));
    if (space < 0 || !line.startsWith("HTTP/", space + 1)) {
      return new Other(line.startsWith("SSH-"));
    }
    return header(line.substring(space + 1), text.substring(end + 1));
  }

  private static Http header(String version, String lines) {
    if (BARE.matcher(lines).find()) {
      return new Http(version, Optional.empty(), true); // servers differ in where such lines end
    }
    Optional<String> host = Optional.empty();
    int hosts = 0;
    int at = 0;
    while (true) {
      int end = lines.indexOf('\n', at);
      if (end < 0) {
        return new Http(version, hosts == 1 ? host : Optional.empty(), false);
      }
      String line = lines.substring(at, end).stripTrailing();
      at = end + 1;
      if (line.isEmpty()) {
        return new Http(version, hosts == 1 ? host : Optional.empty(), true);
      }
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equalsIgnoreCase("host")) {
        hosts++;
        host = HostNames.ofAuthority(line.substring(colon + 1).strip());
      }
    }
  }
}
