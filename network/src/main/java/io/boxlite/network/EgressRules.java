package io.boxlite.network;

import io.boxlite.network.EgressPolicy.Ruling;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// What one running box may reach now: its policy, its secrets' hosts, and the addresses that it
/// was told. Thread-safe.
///
/// @since 0.1
public final class EgressRules implements FlowProxy.HostCheck {
  /// The name of the host's loopback.
  static final String HOST_NAME = "host.boxlite.internal";

  private static final int HTTPS = 443;

  private final Names names;
  private final Pins pins = new Pins(System::nanoTime);
  private volatile EgressPolicy policy;
  private volatile Optional<FlowProxy> proxy = Optional.empty();
  private volatile Optional<EgressLog> log = Optional.empty();

  /// Begins with a policy.
  ///
  /// @param policy its rules
  /// @param names where names are looked up
  public EgressRules(EgressPolicy policy, Names names) {
    this.policy = policy;
    this.names = names;
  }

  /// {@return the policy that holds now}
  public EgressPolicy policy() {
    return policy;
  }

  void change(EgressPolicy other) {
    policy = other;
  }

  void useProxy(Optional<FlowProxy> other) {
    proxy = other;
  }

  /// Says where requests are written that the proxy must not pass on.
  void useLog(EgressLog other) {
    log = Optional.of(other);
  }

  Optional<FlowProxy> proxy() {
    return proxy;
  }

  Names names() {
    return names;
  }

  Pins pins() {
    return pins;
  }

  /// {@return whether a secret may go to that host}
  boolean opens(String name) {
    return proxy.isPresent() && proxy.get().opens(name);
  }

  /// {@return what holds for a name: the rules, and hosts of secrets are allowed at port 443}
  Ruling onName(String name, int port) {
    Ruling ruling = policy.onName(name, port);
    return ruling.kind() == Ruling.Kind.UNNAMED && port == HTTPS && opens(name)
        ? Ruling.allowed("secret")
        : ruling;
  }

  /// {@return whether a name may be looked up}
  Ruling onQuestion(String name) {
    Ruling ruling = policy.onQuestion(name);
    return ruling.kind() == Ruling.Kind.UNNAMED && opens(name) ? Ruling.allowed("secret") : ruling;
  }

  /// {@return the names for which the box was told an address, and that are allowed at the port}
  List<String> allowedNames(int address, int port) {
    return pins.names(address).stream().filter(name -> onName(name, port).isAllowed()).toList();
  }

  /// {@return whether an address is one of a name: since the box was told so, or, as after a change
  /// of supervisors, because the name has it now. May block}
  boolean leadsTo(String name, int address) {
    if (address == IpV4.HOST_ALIAS) {
      return name.equals(HOST_NAME);
    }
    if (pins.holds(name, address)) {
      return true;
    }
    if (!policy.mayBeAnswered(address)) {
      return false;
    }
    try {
      Names.Answer answer = names.addresses(name);
      if (!answer.addresses().contains(address)) {
        return false;
      }
      pins.told(name, address, answer.timeToLive());
      return true;
    } catch (IOException _) {
      return false; // nobody says that it is
    }
  }

  /// As [FlowProxy.HostCheck] says; what is not allowed is written to the log. May block for a
  /// lookup.
  @Override
  public boolean allows(String host, InetAddress address, int port) {
    OptionalInt number = IpV4.of(address);
    if (number.isEmpty()) {
      return false;
    }
    int to = number.getAsInt() == IpV4.LOOPBACK ? IpV4.HOST_ALIAS : number.getAsInt();
    boolean allowed = mayAsk(host, to, port);
    if (!allowed) {
      FlowTag tag = new FlowTag("tcp", to, port, HostNames.of(host).orElse(""), "");
      String reason = "HTTP for a host that the rules do not allow here";
      log.ifPresent(lines -> lines.add(EgressLog.Entry.decision("denied", tag, reason)));
    }
    return allowed;
  }

  private boolean mayAsk(String host, int to, int port) {
    Ruling byAddress = policy.onAddress(to, port);
    if (byAddress.isDenied()) {
      return false;
    }
    OptionalInt literal = IpV4.parse(host);
    if (literal.isPresent()) {
      return literal.getAsInt() == to && byAddress.isAllowed();
    }
    Optional<String> name = HostNames.of(host);
    if (name.isEmpty() || policy.onName(name.get(), port).isDenied()) {
      return false;
    }
    // Where everything or the address is allowed, the name is the box's own affair, unless a secret
    // may go there.
    if (byAddress.isAllowed() && !opens(name.get())) {
      return true;
    }
    return (byAddress.isAllowed() || onName(name.get(), port).isAllowed())
        && leadsTo(name.get(), to);
  }
}
