package io.boxlite.api;

import java.util.List;

/// The network of a box. Immutable.
///
/// @param enabled whether it has an interface at all
/// @param allowNet what it may reach: host names, `*.suffix`, addresses, CIDR ranges, each with an
///   optional `:port`; empty: everything
/// @param denyNet what it may not reach whatever the others say; the same grammar
/// @param ports ports of the host that lead into the box
/// @param bytesPerSecond most bytes a second in each direction; 0: no limit
/// @param connections most connections at once; 0: the default of 4096, which it cannot exceed
/// @param secrets values that go to hosts in place of what the box has
/// @since 0.1
public record NetworkOptions(
    boolean enabled,
    List<String> allowNet,
    List<String> denyNet,
    List<PortMapping> ports,
    long bytesPerSecond,
    int connections,
    List<Secret> secrets) {
  /// Everything may be reached, nothing leads in.
  public static final NetworkOptions DEFAULT =
      new NetworkOptions(true, List.of(), List.of(), List.of(), 0, 0, List.of());

  /// No interface.
  public static final NetworkOptions DISABLED =
      new NetworkOptions(false, List.of(), List.of(), List.of(), 0, 0, List.of());

  /// Most rules and ports of a box, of each.
  public static final int MAX = 1024;

  /// Copies.
  public NetworkOptions {
    allowNet = List.copyOf(allowNet);
    denyNet = List.copyOf(denyNet);
    ports = List.copyOf(ports);
    secrets = List.copyOf(secrets);
  }

  /// {@return the same with other ports}
  ///
  /// @param others all of them
  public NetworkOptions withPorts(List<PortMapping> others) {
    return new NetworkOptions(
        enabled, allowNet, denyNet, others, bytesPerSecond, connections, secrets);
  }

  /// {@return the same with other secrets}
  ///
  /// @param others all of them
  public NetworkOptions withSecrets(List<Secret> others) {
    return new NetworkOptions(
        enabled, allowNet, denyNet, ports, bytesPerSecond, connections, others);
  }

  /// {@return the same with other rules}
  ///
  /// @param allow what may be reached
  /// @param deny what may not
  public NetworkOptions withRules(List<String> allow, List<String> deny) {
    return new NetworkOptions(enabled, allow, deny, ports, bytesPerSecond, connections, secrets);
  }

  /// Checks all that can be checked without the host.
  ///
  /// @throws ConfigException if something is invalid; it names every violation
  public void check() {
    OptionChecks checks = new OptionChecks("network");
    check(this, checks);
    checks.throwIfAny();
  }

  static void check(NetworkOptions network, OptionChecks checks) {
    String disabled = "cannot be used when network.mode is \"disabled\"";
    checks
        .require(network.enabled || network.allowNet.isEmpty(), "allow_net", disabled)
        .require(network.enabled || network.denyNet.isEmpty(), "deny_net", disabled)
        .require(
            network.enabled || network.ports.isEmpty(), "ports", "require network.mode=\"enabled\"")
        .require(network.enabled || network.secrets.isEmpty(), "secrets", disabled)
        .require(network.allowNet.size() <= MAX, "allow_net", "must be at most " + MAX)
        .require(network.denyNet.size() <= MAX, "deny_net", "must be at most " + MAX)
        .require(network.ports.size() <= MAX, "ports", "must be at most " + MAX)
        .require(network.bytesPerSecond >= 0, "bytes_per_second", "must not be negative")
        .require(network.connections >= 0, "connections", "must not be negative");
    Secret.check(network.secrets, checks);
    network.ports.forEach(port -> PortMapping.check(port, checks));
    for (int i = 0; i < network.ports.size(); i++) {
      PortMapping port = network.ports.get(i);
      checks.require(
          network.ports.subList(0, i).stream().noneMatch(port::overlaps),
          "ports",
          "host port " + port.hostPort() + " is given twice");
    }
  }
}
