package io.boxlite.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.OptionalInt;

/// IPv4 addresses as numbers, and which of them mean something special.
final class IpV4 {
  /// `host.boxlite.internal`: the host's loopback.
  static final int HOST_ALIAS = of(192, 168, 127, 254);

  /// Gateway and resolver of every box.
  static final int GATEWAY = of(192, 168, 127, 1);

  /// What [#HOST_ALIAS] leads to.
  static final int LOOPBACK = of(127, 0, 0, 1);

  private IpV4() {}

  private static int of(int a, int b, int c, int d) {
    return (a << 24) | (b << 16) | (c << 8) | d;
  }

  /// Reads four decimal numbers. Everything else that programs take for an address (octal,
  /// hexadecimal, one number, fewer parts) is none.
  static OptionalInt parse(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return OptionalInt.empty();
    }
    int address = 0;
    for (String part : parts) {
      int value = decimal(part);
      if (value < 0 || value > 255) {
        return OptionalInt.empty();
      }
      address = (address << 8) | value;
    }
    return OptionalInt.of(address);
  }

  /// {@return the number, or -1 if the text is not one of up to five digits without leading zeros}
  static int decimal(String text) {
    boolean digits = text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits || text.isEmpty() || text.length() > 5) {
      return -1;
    }
    return text.length() > 1 && text.charAt(0) == '0' ? -1 : Integer.parseInt(text);
  }

  static String text(int address) {
    return (address >>> 24)
        + "."
        + ((address >>> 16) & 255)
        + "."
        + ((address >>> 8) & 255)
        + "."
        + (address & 255);
  }

  static InetAddress inet(int address) {
    try {
      return InetAddress.getByAddress(bytes(address));
    } catch (UnknownHostException e) {
      throw new AssertionError(e); // four bytes are always an address
    }
  }

  static byte[] bytes(int address) {
    return new byte[] {
      (byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address
    };
  }

  /// {@return the address as a number, or empty if it is not IPv4}
  static OptionalInt of(InetAddress address) {
    if (!(address instanceof Inet4Address)) {
      return OptionalInt.empty();
    }
    byte[] bytes = address.getAddress();
    return OptionalInt.of(of(bytes[0] & 255, bytes[1] & 255, bytes[2] & 255, bytes[3] & 255));
  }

  static int mask(int prefix) {
    return prefix == 0 ? 0 : -1 << (32 - prefix);
  }

  /// {@return whether nothing of that address can be on the network: "this" network, loopback,
  /// multicast, reserved, broadcast}
  static boolean isUnroutable(int address) {
    int first = address >>> 24;
    return first == 0 || first == 127 || first >= 224;
  }

  /// {@return whether it is link-local, as the metadata services of clouds are}
  static boolean isLinkLocal(int address) {
    return address >>> 16 == ((169 << 8) | 254);
  }

  /// {@return whether it belongs to the network between box and gateway}
  static boolean isOfBox(int address) {
    return address >>> 8 == HOST_ALIAS >>> 8;
  }
}
