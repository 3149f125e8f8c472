package io.boxlite.image.internal.registry;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Tells which hosts are this machine or its neighbours: where a stranger's registry must not send
/// us.
final class Addresses {
  private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(?:\\.[0-9]{1,3}){3}");

  private Addresses() {}

  /// {@return a URI's host without the brackets of an IPv6 address, in lower case}
  static String host(URI uri) {
    return unbracketed(uri.getHost() == null ? "" : uri.getHost());
  }

  static String unbracketed(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.startsWith("[") && lower.endsWith("]")
        ? lower.substring(1, lower.length() - 1)
        : lower;
  }

  /// {@return the address that a host is, without asking a name server}
  ///
  /// @param host without brackets
  static Optional<InetAddress> literal(String host) {
    if (!IPV4.matcher(host).matches() && !host.contains(":")) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /// {@return whether a host is this machine by its name}
  ///
  /// @param host without brackets
  static boolean isLoopback(String host) {
    return host.equals("localhost")
        || literal(host).map(InetAddress::isLoopbackAddress).orElse(false);
  }

  /// {@return whether any address of a host is only reachable from this machine or its link}
  ///
  /// @param host without brackets
  /// @param resolve whether names are looked up; a proxy would do that itself
  static boolean isLocal(String host, boolean resolve) {
    if (isLoopback(host) || host.endsWith(".localhost")) {
      return true;
    }
    Optional<InetAddress> literal = literal(host);
    if (literal.isPresent() || !resolve) {
      return literal.map(Addresses::isLocal).orElse(false);
    }
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        if (isLocal(address)) {
          return true;
        }
      }
    } catch (UnknownHostException e) {
      return false; // it cannot be connected to either
    }
    return false;
  }

  private static boolean isLocal(InetAddress address) {
    return address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isAnyLocalAddress();
  }
}
