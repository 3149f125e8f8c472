package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.NetworkException;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

@Timeout(60)
class EgressTest {
  @TempDir Path directory;
  private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();
  private DnsServer dns;
  private FakeNet net;
  private EgressLog log;
  private Names names;

  @BeforeEach
  void start() throws IOException {
    dns = new DnsServer();
    dns.put("site.example", "60 A 192.0.2.1");
    net = new FakeNet(directory.resolve("control.sock"));
    log = EgressLog.open(directory.resolve("network.jsonl"), "box1");
    List<InetSocketAddress> servers = dns.addresses();
    names = new Names(() -> servers, directory.resolve("hosts"), Duration.ofSeconds(8));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
    net.close();
    dns.close();
    log.close();
  }

  private Egress connect(EgressPolicy policy, Optional<FlowProxy> proxy) {
    Egress egress = Egress.connect(net.socket, new EgressRules(policy, names), proxy, log);
    open.add(egress);
    return egress;
  }

  private Egress connect(EgressPolicy policy) {
    return connect(policy, Optional.empty());
  }

  private static EgressPolicy allowing(String... rules) {
    return EgressPolicy.of(List.of(rules), List.of());
  }

  private void askTcp(long id, String address, int port) {
    net.send(
        "{\"ask\":{\"id\":%d,\"kind\":\"tcp\",\"address\":\"%s\",\"port\":%d}}"
            .formatted(id, address, port));
  }

  private void askName(long id, long flow, byte[] data) {
    net.send(
        "{\"ask\":{\"id\":%d,\"kind\":\"name\",\"flow\":%d,\"data\":\"%s\"}}"
            .formatted(id, flow, Base64.getEncoder().encodeToString(data)));
  }

  private void askDns(long id, String name) throws IOException {
    Message query =
        Message.newQuery(Record.newRecord(Name.fromString(name + "."), Type.A, DClass.IN));
    net.send(
        "{\"ask\":{\"id\":%d,\"kind\":\"dns\",\"protocol\":\"udp\",\"data\":\"%s\"}}"
            .formatted(id, Base64.getEncoder().encodeToString(query.toWire())));
  }

  private Message dnsAnswer() throws Exception {
    Map<String, Object> answer = net.answer();
    assertThat(answer).containsEntry("verdict", "dns");
    return new Message(Base64.getDecoder().decode((String) answer.get("data")));
  }

  private Object[] commands(String name, String field) {
    return net.commands.stream()
        .filter(command -> name.equals(command.get("command")))
        .map(command -> command.get(field))
        .toArray();
  }

  private String logged() throws IOException {
    log.close();
    try (InputStream in = EgressLog.read(directory.resolve("network.jsonl"), false, () -> false)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void defaultIsAllowForBoxesWithoutRulesAndSecretsOnly() {
    Egress egress = connect(EgressPolicy.EVERYTHING);
    assertThat(commands("default", "verdict")).containsExactly("allow");
    egress.change(allowing("site.example"));
    assertThat(commands("default", "verdict")).containsExactly("allow", "deny");
  }

  @Test
  void defaultIsDenyForBoxesWithSecrets() {
    connect(EgressPolicy.EVERYTHING, Optional.of(new RecordedProxy(Set.of("a.example"), false)));

    assertThat(commands("default", "verdict")).containsExactly("deny");
  }

  @Test
  void boxLooksUpConnectsAndIsSeen() throws Exception {
    connect(allowing("site.example"));

    askTcp(1, "192.0.2.1", 443);
    assertThat(net.answer()).containsEntry("verdict", "deny");
    askDns(2, "site.example");
    assertThat(dnsAnswer().getSection(1)).hasSize(1);
    askTcp(3, "192.0.2.1", 443);
    assertThat(net.answer()).containsEntry("verdict", "peek");
    byte[] hello = Hellos.of("site.example");
    askName(4, 3, java.util.Arrays.copyOf(hello, 20));
    assertThat(net.answer()).containsEntry("verdict", "more");
    askName(5, 3, hello);
    Map<String, Object> dial = net.answer();
    assertThat(dial).containsEntry("verdict", "dial").containsEntry("address", "192.0.2.1");
    net.send(
        "{\"closed\":{\"flow\":3,\"tag\":\""
            + dial.get("tag")
            + "\",\"sent\":10,\"received\":20}}");
    askDns(6, "other.example");
    assertThat(dnsAnswer().getRcode()).isEqualTo(Rcode.REFUSED);

    assertThat(logged().lines())
        .hasSize(5)
        .anyMatch(line -> line.contains("\"denied\"") && line.contains("no rule allows it"))
        .anyMatch(line -> line.contains("\"closed\"") && line.contains("\"bytes_received\":20"))
        .anyMatch(line -> line.contains("\"dns\"") && line.contains("other.example"));
  }

  @Test
  void firstBytesThatStayIncompleteAreDeniedInTheEnd() throws Exception {
    Egress egress = connect(allowing("site.example"));
    askDns(2, "site.example");
    dnsAnswer();
    askTcp(3, "192.0.2.1", 443);
    net.answer();
    byte[] part = {22, 3, 1};
    askName(4, 3, part);
    assertThat(net.answer()).containsEntry("verdict", "more");
    askName(5, 3, part);
    assertThat(net.answer()).containsEntry("verdict", "deny");
    askName(6, 3, part);
    assertThat(net.answer()).containsEntry("verdict", "deny");
    assertThat(egress.closed()).isNotDone();
  }

  @Test
  void proxyIsToldOfTheFlow() throws Exception {
    connect(allowing("x.example"), Optional.of(new RecordedProxy(Set.of("site.example"), false)));
    askDns(1, "site.example");
    dnsAnswer();
    askTcp(2, "192.0.2.1", 443);
    assertThat(net.answer()).containsEntry("verdict", "peek");
    askName(3, 2, Hellos.of("site.example"));

    assertThat(net.answer())
        .containsEntry("verdict", "proxy")
        .containsEntry("socket", "/run/proxy.sock")
        .containsEntry("header", "site.example@192.0.2.1:443");
  }

  @Test
  void requestsThatTheProxyMustNotPassOnAreSeen() throws Exception {
    EgressRules rules = new EgressRules(allowing("site.example"), names);
    FlowProxy proxy = new RecordedProxy(Set.of(), false);
    open.add(Egress.connect(net.socket, rules, Optional.of(proxy), log));
    askDns(1, "site.example");
    dnsAnswer();

    assertThat(rules.allows("site.example", IpV4.inet(0xc0000201), 80)).isTrue();
    assertThat(rules.allows("evil.example", IpV4.inet(0xc0000201), 80)).isFalse();
    assertThat(logged()).contains("evil.example").contains("HTTP for a host");
  }

  @Test
  void changedPolicyCutsWhatItDoesNotAllow() {
    Egress egress = connect(EgressPolicy.EVERYTHING);
    net.flows.put(1L, "tcp 192.0.2.1 443 site.example -");
    net.flows.put(2L, "tcp 192.0.2.1 443 evil.example -");
    net.flows.put(3L, "nonsense");
    net.flows.put(4L, "tcp 192.168.127.254 80 - host");
    net.flows.put(5L, "udp 198.51.100.1 53 - -");

    egress.change(allowing("site.example"));

    Object[] cut = commands("cut", "flows");
    assertThat(cut).hasSize(1);
    assertThat(cut[0].toString().replace(".0", "")).isEqualTo("[2, 3, 5]");
  }

  @Test
  void noFlowSlipsByAChangeOfThePolicy() throws Exception {
    Egress egress = connect(EgressPolicy.EVERYTHING);
    for (int round = 0; round < 50; round++) {
      egress.change(EgressPolicy.EVERYTHING);
      int first = round * 1000;
      Thread asking =
          Thread.ofVirtual()
              .start(() -> {
                for (int i = 0; i < 200; i++) {
                  askTcp(first + i, "198.51.100.1", 443);
                }
              });
      egress.change(allowing("site.example"));
      // What was let begin is answered before boxlite-net was asked for its flows.
      int answered = net.answeredBeforeFlows.get();
      asking.join();
      for (int i = 0; i < 200; i++) {
        Map<String, Object> answer = net.answer();
        if (answer.get("verdict").equals("dial")) {
          assertThat(i + round * 200).isLessThan(answered);
        }
      }
    }
  }

  @Test
  void nextSupervisorKnowsTheAddressesOfOpenFlows() throws Exception {
    net.flows.put(1L, "tcp 192.0.2.7 443 site.example site.example");
    net.flows.put(2L, "tcp 192.0.2.8 443 evil.example evil.example");
    connect(allowing("site.example"));

    assertThat(commands("cut", "flows")).hasSize(1);
    askTcp(3, "192.0.2.7", 443);
    assertThat(net.answer()).containsEntry("verdict", "peek");
    askTcp(4, "192.0.2.8", 443);
    assertThat(net.answer()).containsEntry("verdict", "deny");
  }

  @Test
  void portsArePublishedAndTakenBack() {
    Egress egress = connect(EgressPolicy.EVERYTHING);
    PublishedPort port =
        egress.publish(
            new PortMapping(Optional.empty(), 0, 80, PortMapping.Protocol.TCP), "0.0.0.0");

    assertThat(port).isEqualTo(new PublishedPort(80, "0.0.0.0", 4711, PortMapping.Protocol.TCP));
    assertThat(egress.ports()).containsExactly(port);
    egress.unpublish(port);
    assertThat(commands("unpublish", "host_ip")).containsExactly("0.0.0.0");
    net.publishError = "address already in use";
    assertThatThrownBy(() ->
            egress.publish(
                new PortMapping(Optional.of("127.0.0.1"), 80, 80, PortMapping.Protocol.UDP), ""))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("address already in use");
    egress.limit(1000, 10);
    assertThat(egress.figures().denials()).isEqualTo(7);
  }

  @Test
  void tunnelsAreOpened() throws IOException {
    try (SocketChannel tunnel = Egress.tunnel(net.socket, 80)) {
      ByteBuffer bytes = ByteBuffer.allocate(5);
      while (bytes.hasRemaining()) {
        assertThat(tunnel.read(bytes)).isPositive();
      }
      assertThat(new String(bytes.array(), StandardCharsets.UTF_8)).isEqualTo("hello");
    }
    assertThatThrownBy(() -> Egress.tunnel(net.socket, 81))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("connection refused");
    assertThatThrownBy(() -> Egress.tunnel(directory.resolve("none"), 80))
        .isInstanceOf(NetworkException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "[]",
        "{}",
        "{\"ask\":1}",
        "{\"ask\":{\"id\":-1,\"kind\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":1}}",
        "{\"ask\":{\"id\":1,\"kind\":\"tcp\",\"address\":\"::1\",\"port\":1}}",
        "{\"ask\":{\"id\":1,\"kind\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":65536}}",
        "{\"ask\":{\"id\":1,\"kind\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":1.5}}",
        "{\"ask\":{\"id\":1,\"kind\":\"other\"}}",
        "{\"ask\":{\"id\":1,\"kind\":\"dns\",\"data\":\"%%%\"}}",
        "{\"other\":{}}",
        "{\"done\":{}}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "LONG",
      })
  void nonsenseEndsTheConnection(String line) throws Exception {
    Egress egress = connect(EgressPolicy.EVERYTHING);

    net.send(line.equals("LONG") ? "x".repeat(200_000) : line);

    assertThat(egress.closed().get(10, TimeUnit.SECONDS)).isNotEmpty();
    assertThatThrownBy(egress::figures).isInstanceOf(NetworkException.class);
  }

  @Test
  void endOfTheProcessIsTold() throws Exception {
    Egress egress = connect(EgressPolicy.EVERYTHING);

    net.hangUp();

    assertThat(egress.closed().get(10, TimeUnit.SECONDS)).isEmpty();
    assertThatThrownBy(() -> egress.change(EgressPolicy.EVERYTHING))
        .isInstanceOf(NetworkException.class);
  }

  @Test
  void floodOfOneBoxDoesNotDelayAnother() throws Exception {
    dns.gate.drainPermits();
    connect(EgressPolicy.EVERYTHING);
    for (int i = 0; i < 900; i++) {
      dns.put("n" + i + ".example", "60 A 192.0.2.1");
      askDns(i, "n" + i + ".example");
    }
    try (FakeNet other = new FakeNet(directory.resolve("other.sock"));
        Egress second =
            Egress.connect(
                other.socket,
                new EgressRules(EgressPolicy.EVERYTHING, names),
                Optional.empty(),
                log)) {
      long start = System.nanoTime();
      for (int i = 0; i < 100; i++) {
        other.send(
            "{\"ask\":{\"id\":%d,\"kind\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":443}}"
                .formatted(i));
        assertThat(other.answer()).containsEntry("verdict", "dial");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
      assertThat(second.closed()).isNotDone();
    }
    // Its own connections do not wait for its lookups either.
    askTcp(5000, "192.0.2.1", 443);
    assertThat(net.answer()).containsEntry("verdict", "dial");
    dns.gate.release(1_000_000);
    Set<Object> answered = new HashSet<>();
    for (int i = 0; i < 900; i++) {
      answered.add(net.answer().get("id"));
    }
    assertThat(answered).hasSize(900);
  }
}
