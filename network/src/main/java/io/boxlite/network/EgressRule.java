package io.boxlite.network;

/// One rule of a policy. Immutable.
sealed interface EgressRule {
  /// {@return the rule as it is written, in its one spelling}
  String text();

  /// {@return the port that it is about, 0 for all}
  int port();

  /// {@return whether it is about that port}
  default boolean covers(int otherPort) {
    return port() == 0 || port() == otherPort;
  }

  /// A host name, or all names below one.
  ///
  /// @param name in ASCII and lower case, without a dot at its end
  /// @param below whether it means the names below, at any depth, and not the name
  record Name(String text, String name, boolean below, int port) implements EgressRule {
    boolean matches(String other) {
      return below
          ? other.length() > name.length() + 1
              && other.endsWith(name)
              && other.charAt(other.length() - name.length() - 1) == '.'
          : other.equals(name);
    }
  }

  /// Addresses.
  ///
  /// @param base the first
  /// @param prefix how many bits they share, 0 to 32
  record Range(String text, int base, int prefix, int port) implements EgressRule {
    boolean matches(int address) {
      return (address & IpV4.mask(prefix)) == base;
    }

    /// {@return whether all of it is link-local: who writes that means it}
    boolean isLinkLocal() {
      return prefix >= 16 && IpV4.isLinkLocal(base);
    }
  }

  /// An IPv6 address or range. Boxes have no IPv6, so nothing is ever matched.
  record Ipv6(String text, int port) implements EgressRule {}
}
