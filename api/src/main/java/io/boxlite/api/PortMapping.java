package io.boxlite.api;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// A port of the host that leads into a box. Immutable.
///
/// @param hostIp IPv4 address of the host; empty: what the supervisor is set to, by default all
/// @param hostPort port of the host, 0 for any that is free
/// @param guestPort port of the box, 1 to 65535
/// @param protocol of both
/// @since 0.1
public record PortMapping(Optional<String> hostIp, int hostPort, int guestPort, Protocol protocol) {
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

  /// What is spoken at a port.
  public enum Protocol {
    /// Connections.
    TCP,
    /// Datagrams.
    UDP;

    /// {@return the name in REST bodies and on the command line}
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// {@return the protocol of a name, whose case does not matter, or empty}
    ///
    /// @param name `tcp` or `udp`
    public static Optional<Protocol> ofWireName(String name) {
      return switch (name.toLowerCase(Locale.ROOT)) {
        case "tcp" -> Optional.of(TCP);
        case "udp" -> Optional.of(UDP);
        default -> Optional.empty();
      };
    }
  }

  /// {@return whether both cannot be had at once}
  ///
  /// @param other another, of this box or any; each must name its port of the host
  public boolean overlaps(PortMapping other) {
    return hostPort != 0
        && hostPort == other.hostPort
        && protocol == other.protocol
        && (hostIp.equals(other.hostIp) || isEverywhere() || other.isEverywhere());
  }

  /// What the supervisor is set to is taken for all addresses, as it usually is.
  private boolean isEverywhere() {
    return hostIp.isEmpty() || hostIp.get().equals("0.0.0.0");
  }

  static void check(PortMapping port, OptionChecks checks) {
    checks
        .require(
            port.hostPort >= 0 && port.hostPort <= 65535,
            "host port",
            "must be between 0 and 65535, not " + port.hostPort)
        .require(
            port.guestPort >= 1 && port.guestPort <= 65535,
            "box port",
            "must be between 1 and 65535, not " + port.guestPort)
        .require(
            port.hostIp.isEmpty() || IPV4.matcher(port.hostIp.get()).matches(),
            "host_ip",
            "'" + port.hostIp.orElse("") + "' must be an IPv4 address");
  }
}
