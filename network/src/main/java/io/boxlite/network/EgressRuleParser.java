package io.boxlite.network;

import java.net.IDN;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// Reads rules: the grammar is in docs/network.md.
final class EgressRuleParser {
  private static final int MAX_LENGTH = 300;
  private static final int MAX_NAME = 253;
  private static final Pattern LABEL = Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?");
  private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");
  private static final Pattern IPV6_CHARS = Pattern.compile("[0-9a-f:.]{2,45}");

  /// What is wrong with a rule.
  static final class Wrong extends Exception {
    private static final long serialVersionUID = 1L;

    Wrong(String what) {
      super(what);
    }
  }

  private EgressRuleParser() {}

  /// @throws Wrong with what is wrong, without the rule
  static EgressRule parse(String rule) throws Wrong {
    String text = rule.strip().toLowerCase(Locale.ROOT);
    if (text.isEmpty()) {
      throw new Wrong("it is empty");
    }
    if (text.length() > MAX_LENGTH) {
      throw new Wrong("it is longer than " + MAX_LENGTH + " characters");
    }
    if (text.contains("://")) {
      throw new Wrong("it is a URL; write only its host, and its port as host:port");
    }
    if (text.startsWith("[")) {
      return bracketed(text);
    }
    if (text.indexOf(':') != text.lastIndexOf(':')) {
      return ipv6(text, 0);
    }
    int colon = text.indexOf(':');
    String host = colon < 0 ? text : text.substring(0, colon).strip();
    int port = colon < 0 ? 0 : port(text.substring(colon + 1).strip());
    int slash = host.indexOf('/');
    if (slash >= 0) {
      return range(host.substring(0, slash), host.substring(slash + 1), port);
    }
    return host.equals("*") || host.equals("*.") ? everything() : nameOrAddress(host, port);
  }

  private static EgressRule everything() throws Wrong {
    throw new Wrong("it would match every name; give no rule to allow everything");
  }

  private static EgressRule bracketed(String text) throws Wrong {
    int end = text.indexOf(']');
    if (end < 0) {
      throw new Wrong("its '[' is not closed");
    }
    String behind = text.substring(end + 1);
    if (!behind.isEmpty() && !behind.startsWith(":")) {
      throw new Wrong("only ':port' may follow ']'");
    }
    return ipv6(text.substring(1, end), behind.isEmpty() ? 0 : port(behind.substring(1)));
  }

  private static EgressRule ipv6(String text, int port) throws Wrong {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    int prefix = slash < 0 ? 128 : IpV4.decimal(text.substring(slash + 1));
    if (prefix < 0 || prefix > 128) {
      throw new Wrong("the length of its prefix must be between 0 and 128");
    }
    if (!IPV6_CHARS.matcher(address).matches() || !isIpv6(address)) {
      throw new Wrong("'" + address + "' is not an IPv6 address");
    }
    return new EgressRule.Ipv6(port == 0 ? text : "[" + text + "]:" + port, port);
  }

  /// Groups of up to four hexadecimal digits, `::` once for some of them, at the end perhaps IPv4.
  private static boolean isIpv6(String address) {
    int gap = address.indexOf("::");
    if (gap != address.lastIndexOf("::")) {
      return false;
    }
    if (gap < 0) {
      return groups(address, true) == 8;
    }
    int before = gap == 0 ? 0 : groups(address.substring(0, gap), false);
    String end = address.substring(gap + 2);
    int after = end.isEmpty() ? 0 : groups(end, true);
    return before >= 0 && after >= 0 && before + after < 8;
  }

  private static int groups(String text, boolean mayEndInIpv4) {
    String[] parts = text.split(":", -1);
    int count = 0;
    for (int i = 0; i < parts.length; i++) {
      boolean last = i == parts.length - 1;
      if (last && mayEndInIpv4 && IpV4.parse(parts[i]).isPresent()) {
        count += 2;
      } else if (parts[i].matches("[0-9a-f]{1,4}")) {
        count++;
      } else {
        return -1;
      }
    }
    return count;
  }

  private static int port(String text) throws Wrong {
    int port = IpV4.decimal(text);
    if (port < 1 || port > 65535) {
      throw new Wrong("its port must be between 1 and 65535, not '" + text + "'");
    }
    return port;
  }

  private static EgressRule range(String address, String length, int port) throws Wrong {
    OptionalInt base = IpV4.parse(address.strip());
    int prefix = IpV4.decimal(length.strip());
    if (base.isEmpty()) {
      throw new Wrong("'" + address + "' is not an IPv4 address");
    }
    if (prefix < 0 || prefix > 32) {
      throw new Wrong("the length of its prefix must be between 0 and 32");
    }
    int first = base.getAsInt() & IpV4.mask(prefix);
    return new EgressRule.Range(
        withPort(IpV4.text(first) + "/" + prefix, port), first, prefix, port);
  }

  private static EgressRule nameOrAddress(String host, int port) throws Wrong {
    OptionalInt address = IpV4.parse(host);
    if (address.isPresent()) {
      return new EgressRule.Range(withPort(host, port), address.getAsInt(), 32, port);
    }
    boolean below = host.startsWith("*.");
    String name = hostName(below ? host.substring(2) : host);
    return new EgressRule.Name(withPort(below ? "*." + name : name, port), name, below, port);
  }

  private static String withPort(String host, int port) {
    return port == 0 ? host : host + ":" + port;
  }

  private static String hostName(String text) throws Wrong {
    if (text.indexOf('*') >= 0) {
      throw new Wrong("'*' may only be its first label, as in *.example.com");
    }
    String name;
    try {
      name = IDN.toASCII(text, 0).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException _) {
      throw new Wrong("'" + text + "' is not a host name");
    }
    name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    String[] labels = name.split("\\.", -1);
    if (NUMBER.matcher(labels[labels.length - 1]).matches()) {
      throw new Wrong(
          "'" + name + "' is not an IPv4 address; write four decimal numbers between 0 and 255");
    }
    for (String label : labels) {
      if (!LABEL.matcher(label).matches() || name.length() > MAX_NAME) {
        throw new Wrong("'" + name + "' is not a host name");
      }
    }
    return name;
  }
}
