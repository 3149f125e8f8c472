package io.boxlite.network;

import java.util.Optional;
import java.util.OptionalInt;

/// What `boxlite-net` keeps about a flow for whoever is the supervisor when it ends. Immutable.
///
/// @param protocol `tcp` or `udp`
/// @param address where the box wanted to
/// @param port its port
/// @param name the host, if known; else empty
/// @param rule what allowed it, or empty
record FlowTag(String protocol, int address, int port, String name, String rule) {
  /// {@return one text, without line ends}
  String text() {
    return String.join(
        " ", protocol, IpV4.text(address), Integer.toString(port), or(name), or(rule));
  }

  private static String or(String text) {
    return text.isEmpty() ? "-" : text;
  }

  /// {@return the tag, or empty if the text is none}
  static Optional<FlowTag> parse(String text) {
    String[] parts = text.length() > 1024 ? new String[0] : text.split(" ", -1);
    if (parts.length != 5) {
      return Optional.empty();
    }
    OptionalInt address = IpV4.parse(parts[1]);
    int port = IpV4.decimal(parts[2]);
    if (address.isEmpty() || port < 0 || port > 65535) {
      return Optional.empty();
    }
    return Optional.of(
        new FlowTag(parts[0], address.getAsInt(), port, unless(parts[3]), unless(parts[4])));
  }

  private static String unless(String text) {
    return text.equals("-") ? "" : text;
  }
}
