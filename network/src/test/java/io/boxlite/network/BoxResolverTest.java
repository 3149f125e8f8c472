package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class BoxResolverTest {
  @TempDir Path directory;
  private DnsServer server;
  private Names names;
  private EgressLog log;
  private EgressRules rules;
  private BoxResolver resolver;

  @BeforeEach
  void start() throws IOException {
    server = new DnsServer();
    server.put("example.com", "300 A 192.0.2.1", "300 A 192.0.2.2");
    names = new Names(server::addresses, directory.resolve("hosts"), Duration.ofSeconds(2));
    log = EgressLog.open(directory.resolve("network.jsonl"), "box");
    use(EgressPolicy.EVERYTHING);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    log.close();
  }

  private void use(EgressPolicy policy) {
    rules = new EgressRules(policy, names);
    resolver = new BoxResolver(rules, log);
  }

  private void allow(String... allowed) {
    use(EgressPolicy.of(List.of(allowed), List.of()));
  }

  private static Message query(String name, int type) {
    try {
      return Message.newQuery(Record.newRecord(Name.fromString(name + "."), type, DClass.IN));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Message ask(String name, int type) {
    return ask(query(name, type));
  }

  private Message ask(Message query) {
    Message answer = parsed(asked(query.toWire()).orElseThrow());
    assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
    return answer;
  }

  private Optional<byte[]> asked(byte[] query) {
    return switch (resolver.begin(query)) {
      case BoxResolver.Step.Drop _ -> Optional.empty();
      case BoxResolver.Step.Reply reply -> Optional.of(reply.data());
      case BoxResolver.Step.LookUp lookUp -> Optional.of(resolver.lookUp(lookUp.question()));
    };
  }

  private static Message parsed(byte[] data) {
    try {
      return new Message(data);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> addresses(Message answer) {
    List<String> addresses = new ArrayList<>();
    for (Record record : answer.getSection(Section.ANSWER)) {
      assertThat(record).isInstanceOf(ARecord.class);
      addresses.add(((ARecord) record).getAddress().getHostAddress());
    }
    return addresses;
  }

  private static int ip(String text) {
    return IpV4.parse(text).orElseThrow();
  }

  @Test
  void allowedNameIsAnsweredAndItsAddressesAreKnown() {
    allow("example.com");

    Message answer = ask("EXAMPLE.com", Type.A);

    assertThat(addresses(answer)).containsExactlyInAnyOrder("192.0.2.1", "192.0.2.2");
    assertThat(rules.pins().holds("example.com", ip("192.0.2.1"))).isTrue();
    assertThat(rules.pins().holds("example.com", ip("192.0.2.3"))).isFalse();
  }

  @Test
  void otherNamesAreRefusedAndNeverLeave() {
    allow("example.com", "*.sub.example");

    for (String name :
        List.of(
            "other.example",
            "c2VjcmV0.evil.example",
            "a.example.com",
            "sub.example",
            "com",
            "1.2.0.192.in-addr.arpa")) {
      for (int type : new int[] {Type.A, Type.AAAA, Type.TXT, Type.ANY, Type.PTR, Type.HTTPS}) {
        assertThat(ask(name, type).getRcode()).as(name).isEqualTo(Rcode.REFUSED);
      }
    }
    assertThat(server.asked).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Type.TXT,
        Type.MX,
        Type.SRV,
        Type.NULL,
        Type.NS,
        Type.SOA,
        Type.CAA,
        Type.NAPTR,
        Type.PTR,
        Type.AXFR,
        Type.IXFR,
        65280
      })
  void otherTypesOfAllowedNamesAreNotPassed(int type) {
    allow("example.com");

    assertThat(ask("example.com", type).getRcode()).isEqualTo(Rcode.REFUSED);
    assertThat(server.asked).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {Type.AAAA, Type.HTTPS, Type.SVCB, Type.CNAME})
  void typesThatClientsAskForAnywayAreAnsweredWithout(int type) {
    allow("example.com");

    Message answer = ask("example.com", type);

    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    assertThat(server.asked).isEmpty();
  }

  @Test
  void aliasesAreFollowedWithoutRulesOfTheirOwn() {
    allow("www.example.com");
    server.put("www.example.com", "60 CNAME cdn.example.net.", "cdn.example.net/30 A 192.0.2.9");
    assertThat(addresses(ask("www.example.com", Type.A))).containsExactly("192.0.2.9");
    assertThat(rules.pins().names(ip("192.0.2.9"))).containsExactly("www.example.com");

    allow("part.example.com");
    server.put("part.example.com", "60 CNAME far.example.net.");
    server.put("far.example.net", "60 A 192.0.2.10");
    assertThat(addresses(ask("part.example.com", Type.A))).containsExactly("192.0.2.10");
  }

  @Test
  void circleOfAliasesEnds() {
    allow("a.example");
    server.put("a.example", "60 CNAME b.example.", "b.example/60 CNAME a.example.");
    assertThat(addresses(ask("a.example", Type.A))).isEmpty();

    allow("c.example");
    server.put("c.example", "60 CNAME d.example.");
    server.put("d.example", "60 CNAME c.example.");
    assertThat(ask("c.example", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
  }

  @Test
  void unrelatedRecordsOfAnAnswerAreNotTaken() {
    allow("a.example");
    server.put("a.example", "60 A 192.0.2.1", "bank.example/60 A 203.0.113.66");

    assertThat(addresses(ask("a.example", Type.A))).containsExactly("192.0.2.1");
    assertThat(rules.pins().names(ip("203.0.113.66"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void answersThatRebindAreRemoved(boolean restricted) {
    server.put(
        "evil.example",
        "60 A 127.0.0.1",
        "60 A 0.0.0.0",
        "60 A 169.254.169.254",
        "60 A 192.168.127.254",
        "60 A 224.0.0.1",
        "60 A 10.0.0.1");
    use(restricted ? EgressPolicy.of(List.of("evil.example"), List.of()) : EgressPolicy.EVERYTHING);

    assertThat(addresses(ask("evil.example", Type.A))).containsExactly("10.0.0.1");
    assertThat(rules.pins().names(ip("127.0.0.1"))).isEmpty();
    assertThat(rules.leadsTo("evil.example", ip("127.0.0.1"))).isFalse();
    Message secured = query("evil.example", Type.A);
    secured.addRecord(new OPTRecord(1232, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
    assertThat(addresses(ask(secured))).containsExactly("10.0.0.1");
  }

  @Test
  void deniedNamesOfOpenBoxesAreRefused() {
    use(EgressPolicy.of(List.of(), List.of("*.evil.example", "half.example:80")));
    server.put("half.example", "60 A 192.0.2.1");

    assertThat(ask("a.evil.example", Type.A).getRcode()).isEqualTo(Rcode.REFUSED);
    assertThat(ask("half.example", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(server.asked).containsExactly("half.example A");
  }

  @Test
  void openBoxesMayAskForAnything() {
    server.put("example.com", "60 TXT \"hello\"", "60 MX 10 mail.example.com.");

    assertThat(ask("example.com", Type.TXT).getSection(Section.ANSWER)).hasSize(1);
    assertThat(ask("example.com", Type.MX).getSection(Section.ANSWER)).hasSize(1);
    assertThat(ask("missing.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(ask("example.com", Type.AAAA).getSection(Section.ANSWER)).isEmpty();
  }

  @Test
  void ownNamesAreAnsweredHere() {
    allow("example.com");

    assertThat(addresses(ask("host.boxlite.internal", Type.A))).containsExactly("192.168.127.254");
    assertThat(addresses(ask("gateway.boxlite.internal", Type.A))).containsExactly("192.168.127.1");
    assertThat(ask("x.boxlite.internal", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(
            ask("254.127.168.192.in-addr.arpa", Type.PTR)
                .getSection(Section.ANSWER)
                .getFirst()
                .rdataToString())
        .isEqualTo("host.boxlite.internal.");
    assertThat(server.asked).isEmpty();
  }

  @Test
  void longAnswersComeByTcp() {
    String[] many = new String[60];
    for (int i = 0; i < many.length; i++) {
      many[i] = "60 A 192.0.2." + (i + 1);
    }
    server.put("many.example", many);
    allow("many.example");

    assertThat(addresses(ask("many.example", Type.A))).hasSize(60);
  }

  @Test
  void answersAreKeptForTheirTime() {
    allow("example.com", "missing.example");
    for (int i = 0; i < 10; i++) {
      assertThat(addresses(ask("example.com", Type.A))).hasSize(2);
      assertThat(ask("missing.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    assertThat(server.asked).containsExactlyInAnyOrder("example.com A", "missing.example A");
  }

  @Test
  void hostsFileOfTheHostIsRespected() throws IOException {
    Files.writeString(directory.resolve("hosts"), "192.0.2.77 db.corp db\n127.0.1.1 me.corp\n");
    allow("db.corp", "me.corp");

    assertThat(addresses(ask("db.corp", Type.A))).containsExactly("192.0.2.77");
    assertThat(addresses(ask("me.corp", Type.A))).isEmpty();
    assertThat(server.asked).isEmpty();
  }

  @Test
  void silentResolverIsAFailureInTime() {
    allow("example.com");
    server.silent = true;
    long start = System.nanoTime();

    assertThat(ask("example.com", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void malformedQuestionsAreToldSo() {
    allow("example.com");
    Message two = query("example.com", Type.A);
    two.addRecord(two.getQuestion(), Section.QUESTION);
    assertThat(ask(two).getRcode()).isEqualTo(Rcode.FORMERR);
    Message none = new Message(7);
    assertThat(ask(none).getRcode()).isEqualTo(Rcode.FORMERR);
    Message update = query("example.com", Type.A);
    update.getHeader().setOpcode(Opcode.UPDATE);
    assertThat(ask(update).getRcode()).isEqualTo(Rcode.NOTIMP);
    Message chaos = new Message(9);
    chaos.addRecord(
        Record.newRecord(Name.fromConstantString("version.bind."), Type.TXT, DClass.CH),
        Section.QUESTION);
    assertThat(ask(chaos).getRcode()).isEqualTo(Rcode.REFUSED);
    byte[] circle = query("example.com", Type.A).toWire();
    circle[12] = (byte) 0xc0;
    circle[13] = 12;
    assertThat(parsed(asked(circle).orElseThrow()).getRcode()).isEqualTo(Rcode.FORMERR);
    byte[] large = java.util.Arrays.copyOf(query("example.com", Type.A).toWire(), 60_000);
    assertThat(parsed(asked(large).orElseThrow()).getRcode()).isEqualTo(Rcode.FORMERR);
    assertThat(asked(new byte[11])).isEmpty();
    byte[] answer = query("example.com", Type.A).toWire();
    answer[2] |= (byte) 0x80;
    assertThat(asked(answer)).isEmpty();
  }

  @Test
  void damagedOptionsNeverThrow() {
    Random random = new Random(5);
    Message secured = query("other.example", Type.A);
    secured.addRecord(new OPTRecord(1232, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
    byte[] query = secured.toWire();
    allow("example.com");
    for (int i = 0; i < 50_000; i++) {
      byte[] damaged = java.util.Arrays.copyOf(query, query.length + random.nextInt(20));
      for (int n = random.nextInt(4); n >= 0; n--) {
        damaged[query.length - 11 + random.nextInt(damaged.length - query.length + 11)] =
            (byte) random.nextInt();
      }
      assertThat(asked(damaged)).isNotNull();
    }
  }

  @Test
  void damagedQuestionsNeverThrowNorLeave() {
    allow("example.com");
    Random random = new Random(3);
    byte[] query = query("elpmaxe.example", Type.A).toWire();
    for (int i = 0; i < 100_000; i++) {
      byte[] damaged = java.util.Arrays.copyOf(query, random.nextInt(query.length + 4));
      for (int n = random.nextInt(6); n >= 0 && damaged.length > 0; n--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      assertThat(resolver.begin(damaged)).isNotInstanceOf(BoxResolver.Step.LookUp.class);
    }
    assertThat(server.asked).isEmpty();
  }

  @Test
  void dotsInsideOfLabelsAreNoWayAround() throws IOException {
    allow("*.example.com");
    Name tricky = Name.fromString("evil\\.example.com.");
    Message query = Message.newQuery(Record.newRecord(tricky, Type.A, DClass.IN));

    // Two labels, "evil.example" and "com": not below example.com.
    assertThat(ask(query).getRcode()).isNotEqualTo(Rcode.NOERROR);
    assertThat(server.asked).isEmpty();
  }
}
