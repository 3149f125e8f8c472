package io.boxlite.network.internal.proxy;

import io.boxlite.network.FlowProxy.Flow;
import io.boxlite.network.FlowProxy.HostCheck;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/// What all connections of a proxy go by. Thread-safe.
public final class Gate {
  private static final String VERSION = "v1";

  /// Most bytes of bodies that are held at a time, of all boxes together.
  private static final int MAX_HELD = 32 * 1024 * 1024;

  private static final Semaphore HELD = new Semaphore(MAX_HELD);

  private final String token;
  private final Optional<Tls> tls;
  private final HostCheck hosts;
  private volatile SecretSet secrets;

  /// How TLS is opened on both sides.
  ///
  /// @param certificates signs for hosts
  /// @param upstream how servers are checked
  public record Tls(Certificates certificates, UpstreamTls upstream) {}

  /// Makes one.
  ///
  /// @param token what a connection must say first
  /// @param tls how TLS is opened; empty when it never is
  /// @param hosts where plain HTTP may go
  /// @param secrets what goes in
  public Gate(String token, Optional<Tls> tls, HostCheck hosts, SecretSet secrets) {
    this.token = token;
    this.tls = tls;
    this.hosts = hosts;
    this.secrets = secrets;
  }

  /// {@return the secrets}
  public SecretSet secrets() {
    return secrets;
  }

  /// Takes other secrets, for requests that begin from now on.
  ///
  /// @param other instead of those before
  public void secrets(SecretSet other) {
    secrets = other;
  }

  /// {@return what is given back for each byte held}
  Semaphore held() {
    return HELD;
  }

  Tls tls() {
    return tls.orElseThrow();
  }

  HostCheck hosts() {
    return hosts;
  }

  /// {@return the first line of a connection}
  ///
  /// @param flow the connection
  public String header(Flow flow) {
    return String.join(
        " ",
        VERSION,
        token,
        flow.address().getHostAddress(),
        Integer.toString(flow.port()),
        flow.serverName().orElse("-"));
  }

  /// What a first line says; empty when it is not one of this proxy.
  Optional<Flow> flow(String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 5
        || !words[0].equals(VERSION)
        || !MessageDigest.isEqual(
            words[1].getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8))) {
      return Optional.empty();
    }
    try {
      Flow flow =
          new Flow(
              InetAddress.ofLiteral(words[2]),
              Integer.parseInt(words[3]),
              words[4].equals("-") ? Optional.empty() : Optional.of(HostPattern.normal(words[4])));
      return Optional.of(flow).filter(one -> one.serverName().isEmpty() || tls.isPresent());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  @Override
  public String toString() {
    return "Gate";
  }
}
