package io.boxlite.network;

import io.boxlite.api.ConfigException;
import io.boxlite.api.InvalidStateException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// What a box may reach: rules that allow and rules that deny. The grammar and what the rules mean
/// is in docs/network.md. Immutable.
///
/// @since 0.1
public final class EgressPolicy {
  /// Everything may be reached but what no box may.
  public static final EgressPolicy EVERYTHING =
      new EgressPolicy(new LinkedHashMap<>(), new LinkedHashMap<>());

  private static final String HOST_NAME = "host.boxlite.internal";

  private final SequencedMap<String, EgressRule> allow;
  private final SequencedMap<String, EgressRule> deny;

  /// What the rules say about a destination.
  ///
  /// @param kind what
  /// @param rule the rule that decided; empty if none had to
  /// @param reason why, if denied
  record Ruling(Kind kind, String rule, String reason) {
    /// What a ruling says.
    enum Kind {
      /// It may be reached.
      ALLOWED,
      /// It may not.
      DENIED,
      /// No rule is about it, and not everything is allowed.
      UNNAMED
    }

    static final Ruling OPEN = new Ruling(Kind.ALLOWED, "", "");
    static final Ruling UNNAMED = new Ruling(Kind.UNNAMED, "", "no rule allows it");

    static Ruling allowed(String rule) {
      return new Ruling(Kind.ALLOWED, rule, "");
    }

    static Ruling denied(String rule, String reason) {
      return new Ruling(Kind.DENIED, rule, reason);
    }

    boolean isAllowed() {
      return kind == Kind.ALLOWED;
    }

    boolean isDenied() {
      return kind == Kind.DENIED;
    }
  }

  private EgressPolicy(
      SequencedMap<String, EgressRule> allow, SequencedMap<String, EgressRule> deny) {
    this.allow = allow;
    this.deny = deny;
  }

  /// Reads rules.
  ///
  /// @param allow what may be reached; empty: everything
  /// @param deny what may not, whatever the others say
  /// @return the policy
  /// @throws ConfigException if a rule cannot be read, with all such rules and what is wrong
  public static EgressPolicy of(List<String> allow, List<String> deny) {
    List<String> wrong = new ArrayList<>();
    EgressPolicy policy =
        new EgressPolicy(parse("allow", allow, wrong), parse("deny", deny, wrong));
    if (!wrong.isEmpty()) {
      throw new ConfigException("network_rule", String.join("; ", wrong));
    }
    return policy;
  }

  private static SequencedMap<String, EgressRule> parse(
      String kind, List<String> rules, List<String> wrong) {
    SequencedMap<String, EgressRule> parsed = new LinkedHashMap<>();
    for (String rule : rules) {
      try {
        EgressRule one = EgressRuleParser.parse(rule);
        parsed.put(one.text(), one);
      } catch (EgressRuleParser.Wrong e) {
        String shown = rule.length() > 80 ? rule.substring(0, 80) + "…" : rule;
        wrong.add(kind + " rule '" + shown + "': " + e.getMessage());
      }
    }
    return parsed;
  }

  /// {@return the rules that allow, each in its one spelling; empty: everything is allowed}
  public List<String> allowed() {
    return List.copyOf(allow.keySet());
  }

  /// {@return the rules that deny, each in its one spelling}
  public List<String> denied() {
    return List.copyOf(deny.keySet());
  }

  /// {@return whether there is no rule at all}
  public boolean isUnrestricted() {
    return allow.isEmpty() && deny.isEmpty();
  }

  /// Adds rules to what is allowed, and takes them from what is denied.
  ///
  /// @param rules which
  /// @param only whether they take the place of all others
  /// @return the policy
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if everything is allowed, no rule is denied, and `only` is not
  ///   set: the rules would take away
  public EgressPolicy allowing(List<String> rules, boolean only) {
    SequencedMap<String, EgressRule> added = of(rules, List.of()).allow;
    if (only) {
      return new EgressPolicy(added, new LinkedHashMap<>());
    }
    if (isUnrestricted()) {
      throw new InvalidStateException(
          "network_open",
          "allow: the box may reach everything; to allow these alone, say so (--only)",
          null,
          Map.of());
    }
    SequencedMap<String, EgressRule> allowed = new LinkedHashMap<>(allow);
    SequencedMap<String, EgressRule> denied = new LinkedHashMap<>(deny);
    if (!allow.isEmpty()) {
      allowed.putAll(added); // a box that may reach all but what is denied must stay so
    }
    denied.keySet().removeAll(added.keySet());
    return new EgressPolicy(allowed, denied);
  }

  /// Adds rules to what is denied, and takes them from what is allowed.
  ///
  /// @param rules which
  /// @return the policy
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if the last rule that allows would go, which would allow
  ///   everything else
  public EgressPolicy denying(List<String> rules) {
    SequencedMap<String, EgressRule> added = of(List.of(), rules).deny;
    SequencedMap<String, EgressRule> allowed = new LinkedHashMap<>(allow);
    allowed.keySet().removeAll(added.keySet());
    if (allowed.isEmpty() && !allow.isEmpty()) {
      throw new InvalidStateException(
          "network_last_rule",
          "deny: it would take away the last allowed rule, which would allow everything else;"
              + " allow something else first",
          null,
          Map.of());
    }
    SequencedMap<String, EgressRule> denied = new LinkedHashMap<>(deny);
    denied.putAll(added);
    return new EgressPolicy(allowed, denied);
  }

  /// {@return whether everything may be reached that is not denied}
  boolean isOpen() {
    return allow.isEmpty();
  }

  /// {@return whether a rule is about names, so that the host of each request of HTTP matters}
  public boolean namesHosts() {
    return deniesNames() || allow.values().stream().anyMatch(EgressRule.Name.class::isInstance);
  }

  /// {@return whether names are denied, so that what a connection says about its host matters even
  /// if everything else is allowed}
  boolean deniesNames() {
    return deny.values().stream().anyMatch(EgressRule.Name.class::isInstance);
  }

  /// {@return what holds for an address, as far as rules about addresses go}
  Ruling onAddress(int address, int port) {
    if (address == IpV4.HOST_ALIAS) {
      return onHost(port);
    }
    if (IpV4.isUnroutable(address) || IpV4.isOfBox(address)) {
      return Ruling.denied("", "no box may reach such addresses");
    }
    Optional<EgressRule> denied = range(deny, address, port);
    if (denied.isPresent()) {
      return Ruling.denied(denied.get().text(), "denied by rule");
    }
    boolean linkLocal = IpV4.isLinkLocal(address);
    for (EgressRule rule : allow.values()) {
      if (rule instanceof EgressRule.Range range
          && range.matches(address)
          && range.covers(port)
          && (!linkLocal || range.isLinkLocal())) {
        return Ruling.allowed(range.text());
      }
    }
    if (linkLocal) {
      return Ruling.denied("", "link-local addresses are closed unless a rule names them");
    }
    return isOpen() ? Ruling.OPEN : Ruling.UNNAMED;
  }

  private static Optional<EgressRule> range(Map<String, EgressRule> rules, int address, int port) {
    for (EgressRule rule : rules.values()) {
      if (rule instanceof EgressRule.Range range && range.matches(address) && range.covers(port)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }

  /// What is allowed does not matter for the host's loopback; what is denied does.
  private Ruling onHost(int port) {
    Optional<EgressRule> denied =
        range(deny, IpV4.HOST_ALIAS, port).or(() -> name(deny, HOST_NAME, port));
    return denied
        .map(rule -> Ruling.denied(rule.text(), "denied by rule"))
        .orElse(Ruling.allowed("host"));
  }

  /// {@return what holds for a name at a port}
  ///
  /// @param name in ASCII and lower case, without a dot at its end
  Ruling onName(String name, int port) {
    Optional<EgressRule> denied = name(deny, name, port);
    if (denied.isPresent()) {
      return Ruling.denied(denied.get().text(), "denied by rule");
    }
    Optional<EgressRule> allowed = name(allow, name, port);
    return allowed
        .map(rule -> Ruling.allowed(rule.text()))
        .orElse(isOpen() ? Ruling.OPEN : Ruling.UNNAMED);
  }

  /// {@return whether a name may be looked up: if any port of it is allowed, and not all denied}
  Ruling onQuestion(String name) {
    for (EgressRule rule : deny.values()) {
      if (rule instanceof EgressRule.Name denied && denied.port() == 0 && denied.matches(name)) {
        return Ruling.denied(denied.text(), "denied by rule");
      }
    }
    for (EgressRule rule : allow.values()) {
      if (rule instanceof EgressRule.Name allowed && allowed.matches(name)) {
        return Ruling.allowed(allowed.text());
      }
    }
    return isOpen() ? Ruling.OPEN : Ruling.UNNAMED;
  }

  private static Optional<EgressRule> name(Map<String, EgressRule> rules, String name, int port) {
    for (EgressRule rule : rules.values()) {
      if (rule instanceof EgressRule.Name one && one.covers(port) && one.matches(name)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }

  /// {@return whether a rule that allows names that name with that very port}
  boolean namesPort(String name, int port) {
    return allow.values().stream()
        .anyMatch(
            rule -> rule instanceof EgressRule.Name one && one.port() == port && one.matches(name));
  }

  /// {@return whether an answer may tell the box that address: a name must not lead to where no
  /// name can, as to the host's loopback}
  boolean mayBeAnswered(int address) {
    return !IpV4.isUnroutable(address)
        && !IpV4.isOfBox(address)
        && (!IpV4.isLinkLocal(address)
            || allow.values().stream()
                .anyMatch(rule ->
                    rule instanceof EgressRule.Range range
                        && range.matches(address)
                        && range.isLinkLocal()));
  }

  @Override
  public String toString() {
    return "EgressPolicy[allow=" + allow.keySet() + ", deny=" + deny.keySet() + "]";
  }
}
