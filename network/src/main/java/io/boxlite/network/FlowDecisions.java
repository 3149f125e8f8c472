package io.boxlite.network;

import io.boxlite.network.EgressPolicy.Ruling;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides about the connections of one box: docs/network.md, "What a box may reach". Thread-safe.
final class FlowDecisions {
  /// How long a box may be silent where its side speaks first.
  static final int LONG_WAIT_MILLIS = 10_000;

  /// How long it is waited for where the server may speak first.
  static final int SHORT_WAIT_MILLIS = 300;

  private static final int HTTPS = 443;
  private static final int HTTP = 80;

  /// Ports of protocols in which the server speaks first: waiting for the box would be in vain.
  private static final Set<Integer> SERVER_FIRST = Set.of(21, 22, 25, 110, 143, 587, 3306, 5900);

  /// Ports at which hosts that share an address are told apart by what the box says. Silence there
  /// must not lead on: the box could say another name afterwards.
  private static final Set<Integer> WEB =
      Set.of(80, 443, 2052, 2053, 2082, 2083, 2086, 2087, 2095, 2096, 8080, 8443, 8880);

  private final EgressRules rules;

  FlowDecisions(EgressRules rules) {
    this.rules = rules;
  }

  /// {@return what happens with a new TCP connection}
  Verdict tcp(int address, int port) {
    EgressPolicy policy = rules.policy();
    Ruling byAddress = policy.onAddress(address, port);
    if (byAddress.isDenied()) {
      return deny("", byAddress);
    }
    List<String> names =
        address == IpV4.HOST_ALIAS
            ? List.of(EgressRules.HOST_NAME)
            : rules.allowedNames(address, port);
    String name = names.isEmpty() ? "" : names.getFirst();
    if (byAddress.isAllowed()) {
      boolean look =
          (policy.deniesNames() && address != IpV4.HOST_ALIAS) || mayCarrySecret(name, names, port);
      return look && !SERVER_FIRST.contains(port)
          ? new Verdict.Peek(patience(port, names), tag("tcp", address, port, "", ""))
          : dial(tag("tcp", address, port, name, byAddress.rule()));
    }
    if (names.isEmpty()) {
      return deny("", byAddress);
    }
    if (SERVER_FIRST.contains(port)) {
      return dial(tag("tcp", address, port, name, rules.onName(name, port).rule()));
    }
    boolean patient =
        WEB.contains(port) || names.stream().noneMatch(one -> policy.namesPort(one, port));
    return new Verdict.Peek(
        patient ? LONG_WAIT_MILLIS : SHORT_WAIT_MILLIS, tag("tcp", address, port, "", ""));
  }

  private int patience(int port, List<String> names) {
    return WEB.contains(port) || names.stream().anyMatch(rules::opens)
        ? LONG_WAIT_MILLIS
        : SHORT_WAIT_MILLIS;
  }

  private boolean mayCarrySecret(String name, List<String> names, int port) {
    Optional<FlowProxy> proxy = rules.proxy();
    if (proxy.isEmpty() || !proxy.get().hasSecrets()) {
      return false;
    }
    if (name.equals(EgressRules.HOST_NAME)) {
      return rules.opens(name);
    }
    return switch (port) {
      case HTTPS -> true;
      case HTTP -> proxy.get().opensPlainHttp();
      default -> names.stream().anyMatch(rules::opens);
    };
  }

  /// {@return what happens with a new association}
  Verdict udp(int address, int port) {
    EgressPolicy policy = rules.policy();
    Ruling byAddress = policy.onAddress(address, port);
    if (byAddress.isDenied()) {
      return deny("", byAddress);
    }
    List<String> names = rules.allowedNames(address, port);
    String name = names.isEmpty() ? "" : names.getFirst();
    if (byAddress.isAllowed()) {
      boolean hidden =
          port == HTTPS && (policy.deniesNames() || names.stream().anyMatch(rules::opens));
      return hidden ? quic(name) : dial(tag("udp", address, port, name, byAddress.rule()));
    }
    if (names.isEmpty()) {
      return deny("", byAddress);
    }
    return port == HTTPS
        ? quic(name)
        : dial(tag("udp", address, port, name, rules.onName(name, port).rule()));
  }

  private static Verdict quic(String name) {
    return new Verdict.Deny(name, "", "QUIC hides the host; clients go on with TCP");
  }

  /// {@return what happens with a connection after its first bytes. May block}
  ///
  /// @param last whether no more will come
  Verdict first(int address, int port, FirstBytes bytes, boolean last) {
    Ruling byAddress = rules.policy().onAddress(address, port);
    if (byAddress.isDenied()) {
      return deny("", byAddress);
    }
    Decision decision = new Decision(address, port, byAddress);
    return switch (bytes) {
      case FirstBytes.Incomplete _ when !last -> new Verdict.More();
      case FirstBytes.Incomplete _ -> decision.unclear("its first bytes are incomplete");
      case FirstBytes.Broken broken -> decision.unclear(broken.why());
      case FirstBytes.Tls tls -> decision.tls(tls.serverName());
      case FirstBytes.Http http when !http.complete() && !last && rules.proxy().isEmpty() ->
          new Verdict.More();
      case FirstBytes.Http http -> decision.http(http);
      case FirstBytes.Silent _ -> decision.silent();
      case FirstBytes.Other other -> decision.other(other.ssh());
    };
  }

  /// {@return whether a flow that began may go on}
  boolean mayGoOn(FlowTag tag) {
    Ruling byAddress = rules.policy().onAddress(tag.address(), tag.port());
    if (byAddress.isDenied()
        || (!tag.name().isEmpty()
            && rules.onName(tag.name(), tag.port()).isDenied()
            && tag.address() != IpV4.HOST_ALIAS)) {
      return false;
    }
    if (byAddress.isAllowed()) {
      return true;
    }
    return tag.name().isEmpty()
        ? !rules.allowedNames(tag.address(), tag.port()).isEmpty()
        : rules.onName(tag.name(), tag.port()).isAllowed();
  }

  private static FlowTag tag(String protocol, int address, int port, String name, String rule) {
    return new FlowTag(protocol, address, port, name, rule);
  }

  private static Verdict deny(String name, Ruling ruling) {
    return new Verdict.Deny(name, ruling.rule(), ruling.reason());
  }

  private static Verdict dial(FlowTag tag) {
    return new Verdict.Dial(target(tag.address()), tag);
  }

  private static int target(int address) {
    return address == IpV4.HOST_ALIAS ? IpV4.LOOPBACK : address;
  }

  /// About one connection whose first bytes are known.
  private final class Decision {
    private final int address;
    private final int port;
    private final Ruling byAddress;
    private final boolean lenient;

    Decision(int address, int port, Ruling byAddress) {
      this.address = address;
      this.port = port;
      this.byAddress = byAddress;
      lenient = byAddress.isAllowed();
    }

    Verdict unclear(String why) {
      return lenient && !rules.policy().deniesNames()
          ? dialed("", byAddress)
          : new Verdict.Deny("", "", why);
    }

    Verdict tls(Optional<String> serverName) {
      if (serverName.isEmpty()) {
        return lenient
            ? dialed("", byAddress)
            : new Verdict.Deny("", "", "TLS that does not say for which host");
      }
      String name = serverName.get();
      Ruling byName = rules.onName(name, port);
      if (byName.isDenied() || (!lenient && !byName.isAllowed())) {
        return deny(name, byName);
      }
      if (lenient && !rules.opens(name)) {
        return dialed(name, byAddress);
      }
      if (!rules.leadsTo(name, address)) {
        // The host's own address gets no secret that is another host's.
        return lenient
            ? dialed(name, byAddress)
            : new Verdict.Deny(name, "", "not an address of that host");
      }
      return rules.opens(name) ? proxied(Optional.of(name), name, byName) : dialed(name, byName);
    }

    Verdict http(FirstBytes.Http http) {
      EgressPolicy policy = rules.policy();
      Optional<FlowProxy> proxy = rules.proxy();
      boolean first = !http.version().startsWith("HTTP/2");
      boolean look =
          !lenient
              || policy.deniesNames()
              || (first && proxy.isPresent() && proxy.get().opensPlainHttp());
      String name = http.host().orElse("");
      if (!look) {
        return dialed(name, byAddress);
      }
      if (proxy.isPresent()) {
        return proxied(Optional.empty(), name, rules.onName(name, port));
      }
      if (name.isEmpty()) {
        return new Verdict.Deny("", "", "HTTP that does not say for which host");
      }
      return rules.allows(name, IpV4.inet(address), port)
          ? dialed(name, lenient ? byAddress : rules.onName(name, port))
          : new Verdict.Deny(
              name, rules.onName(name, port).rule(), "the rules do not allow that host here");
    }

    Verdict silent() {
      boolean web = WEB.contains(port);
      if (lenient) {
        return web && rules.policy().deniesNames()
            ? new Verdict.Deny("", "", "nothing was sent that says for which host")
            : dialed("", byAddress);
      }
      for (String name : rules.allowedNames(address, port)) {
        if (!web && rules.policy().namesPort(name, port)) {
          return dialed(name, rules.onName(name, port));
        }
      }
      return new Verdict.Deny(
          "", "", "nothing was sent; if the server speaks first, a rule must name its port");
    }

    Verdict other(boolean ssh) {
      if (lenient) {
        return dialed("", byAddress);
      }
      List<String> names = rules.allowedNames(address, port);
      if (names.isEmpty()) {
        return deny("", byAddress);
      }
      return WEB.contains(port) && !ssh
          ? new Verdict.Deny("", "", "neither TLS nor HTTP, at a port for them")
          : dialed(names.getFirst(), rules.onName(names.getFirst(), port));
    }

    private Verdict dialed(String name, Ruling ruling) {
      return dial(tag("tcp", address, port, name, ruling.rule()));
    }

    private Verdict proxied(Optional<String> serverName, String name, Ruling ruling) {
      return new Verdict.Proxy(
          new FlowProxy.Flow(IpV4.inet(target(address)), port, serverName),
          tag("tcp", address, port, name, ruling.rule()));
    }
  }
}
