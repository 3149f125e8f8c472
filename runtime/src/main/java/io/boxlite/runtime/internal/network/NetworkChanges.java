package io.boxlite.runtime.internal.network;

import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.util.ArrayList;
import java.util.List;

/// How what a box has of a network is changed. Rules are the same when their text is, but for case
/// and blanks around it.
public final class NetworkChanges {
  private NetworkChanges() {}

  /// See [io.boxlite.api.BoxNetwork#allow(List, boolean)].
  public static NetworkOptions allow(NetworkOptions network, List<String> rules, boolean only) {
    requireEnabled(network);
    List<String> denied = without(network.denyNet(), rules);
    if (only) {
      return network.withRules(rules, denied);
    }
    if (network.allowNet().isEmpty()) {
      if (denied.size() == network.denyNet().size()) {
        throw new InvalidStateException(
            "everything_allowed",
            "the box may reach everything that is not denied; to let it reach these only, say so"
                + " (--only)");
      }
      return network.withRules(List.of(), denied);
    }
    return network.withRules(with(network.allowNet(), rules), denied);
  }

  /// See [io.boxlite.api.BoxNetwork#deny(List)].
  public static NetworkOptions deny(NetworkOptions network, List<String> rules) {
    requireEnabled(network);
    List<String> allowed = without(network.allowNet(), rules);
    if (allowed.isEmpty() && !network.allowNet().isEmpty()) {
      throw new InvalidStateException(
          "last_rule",
          "without its last allowed rule the box could reach everything; allow something else"
              + " instead (--only)");
    }
    // Also those that were allowed: another rule may allow the same.
    return network.withRules(allowed, with(network.denyNet(), rules));
  }

  /// Throws if a box has no interface.
  public static void requireEnabled(NetworkOptions network) {
    if (!network.enabled()) {
      throw new InvalidStateException(
          "network_disabled", "the box has no network: it was made with its mode 'disabled'");
    }
  }

  private static boolean contains(List<String> rules, String rule) {
    return rules.stream().anyMatch(other -> other.strip().equalsIgnoreCase(rule.strip()));
  }

  private static List<String> without(List<String> rules, List<String> others) {
    return rules.stream().filter(rule -> !contains(others, rule)).toList();
  }

  private static List<String> with(List<String> rules, List<String> others) {
    List<String> all = new ArrayList<>(rules);
    others.stream().filter(rule -> !contains(all, rule)).forEach(all::add);
    return all;
  }

  /// {@return whether a port that leads into a box is what a mapping asks for}
  ///
  /// @param mapping of the box
  /// @param port of the host
  /// @param defaultIp of mappings that name no address
  public static boolean isOf(PortMapping mapping, PublishedPort port, String defaultIp) {
    return mapping.protocol() == port.protocol()
        && mapping.guestPort() == port.guestPort()
        && (mapping.hostPort() == 0 || mapping.hostPort() == port.hostPort())
        && mapping.hostIp().orElse(defaultIp).equals(port.hostIp());
  }
}
