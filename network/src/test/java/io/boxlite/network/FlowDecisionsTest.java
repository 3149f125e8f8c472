package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlowDecisionsTest {
  private static final int SITE = ip("192.0.2.1");
  private static final int STRANGER = ip("198.51.100.1");

  @TempDir Path directory;
  private DnsServer server;
  private EgressRules rules;
  private FlowDecisions decisions;

  @BeforeEach
  void start() throws IOException {
    server = new DnsServer();
    use(EgressPolicy.EVERYTHING);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private static int ip(String text) {
    return IpV4.parse(text).orElseThrow();
  }

  private void use(EgressPolicy policy) {
    Names names = new Names(server::addresses, directory.resolve("hosts"), Duration.ofSeconds(2));
    rules = new EgressRules(policy, names);
    decisions = new FlowDecisions(rules);
  }

  private void allow(String... allowed) {
    use(EgressPolicy.of(List.of(allowed), List.of()));
  }

  private void deny(String... denied) {
    use(EgressPolicy.of(List.of(), List.of(denied)));
  }

  private void secretFor(String host, boolean plain) {
    rules.useProxy(Optional.of(new RecordedProxy(Set.of(host), plain)));
  }

  private void told(String name, int address) {
    rules.pins().told(name, address, Duration.ofSeconds(60));
  }

  private Verdict first(int address, int port, byte[] bytes) {
    return decisions.first(address, port, FirstBytes.of(bytes), false);
  }

  private Verdict hello(int address, int port, String name) {
    return first(address, port, Hellos.of(name));
  }

  private Verdict http(int address, int port, String host) {
    String request = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    return first(address, port, request.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void isDialed(Verdict verdict, String name) {
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Dial.class, dial -> assertThat(dial.tag().name()).isEqualTo(name));
  }

  private static void isDenied(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Verdict.Deny.class);
  }

  private static void isPeeked(Verdict verdict, int wait) {
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Peek.class, peek -> assertThat(peek.waitMillis()).isEqualTo(wait));
  }

  @Nested
  class OfOpenBox {
    @Test
    void everythingIsDialedAtOnce() {
      isDialed(decisions.tcp(STRANGER, 443), "");
      isDialed(decisions.tcp(STRANGER, 12345), "");
      isDialed(decisions.udp(STRANGER, 443), "");
    }

    @Test
    void hostIsItsLoopback() {
      assertThat(decisions.tcp(IpV4.HOST_ALIAS, 8080))
          .isInstanceOfSatisfying(
              Verdict.Dial.class, dial -> assertThat(dial.address()).isEqualTo(IpV4.LOOPBACK));
      assertThat(decisions.udp(IpV4.HOST_ALIAS, 8080)).isInstanceOf(Verdict.Dial.class);
    }

    @Test
    void loopbackMetadataAndBroadcastAreClosed() {
      for (String address :
          List.of("127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255")) {
        isDenied(decisions.tcp(ip(address), 80));
        isDenied(decisions.udp(ip(address), 80));
      }
    }

    @Test
    void deniedNamesAreSeenInTlsAndHttp() {
      deny("evil.example");

      isPeeked(decisions.tcp(SITE, 443), 10_000);
      isDenied(hello(SITE, 443, "evil.example"));
      isDenied(http(SITE, 80, "evil.example"));
      isDenied(decisions.udp(SITE, 443));
      isDialed(hello(SITE, 443, "good.example"), "good.example");
      isDialed(http(SITE, 80, "good.example"), "good.example");
      isDenied(first(SITE, 443, new byte[0]));
      isDialed(decisions.tcp(SITE, 22), "");
    }

    @Test
    void tlsToSecretHostGoesThroughTheProxy() {
      secretFor("api.example", false);
      told("api.example", SITE);

      isPeeked(decisions.tcp(SITE, 443), 10_000);
      assertThat(hello(SITE, 443, "api.example"))
          .isInstanceOfSatisfying(
              Verdict.Proxy.class,
              proxy -> {
                assertThat(proxy.flow().serverName()).contains("api.example");
                assertThat(proxy.flow().address()).isEqualTo(IpV4.inet(SITE));
              });
      isDialed(hello(SITE, 443, "other.example"), "other.example");
      isDialed(decisions.tcp(SITE, 80), "api.example");
      isDenied(decisions.udp(SITE, 443));
    }

    @Test
    void secretHostAtAnAddressThatIsNotItsIsDialedWithoutTheProxy() {
      secretFor("api.example", false);
      server.put("api.example", "60 A 192.0.2.1");

      isDialed(hello(STRANGER, 443, "api.example"), "api.example");
    }

    @Test
    void addressOfSecretHostIsLookedUpWhenTheSupervisorDoesNotKnowIt() {
      secretFor("api.example", false);
      server.put("api.example", "60 A 192.0.2.1");

      assertThat(hello(SITE, 443, "api.example")).isInstanceOf(Verdict.Proxy.class);
    }

    @Test
    void hostMayBeTheHostOfASecretAtAnyPort() {
      secretFor("host.boxlite.internal", true);

      isPeeked(decisions.tcp(IpV4.HOST_ALIAS, 34567), 10_000);
      assertThat(hello(IpV4.HOST_ALIAS, 34567, "host.boxlite.internal"))
          .isInstanceOfSatisfying(
              Verdict.Proxy.class,
              proxy -> assertThat(proxy.flow().address()).isEqualTo(IpV4.inet(IpV4.LOOPBACK)));
      assertThat(http(IpV4.HOST_ALIAS, 34567, "host.boxlite.internal"))
          .isInstanceOf(Verdict.Proxy.class);
      assertThat(rules.allows("host.boxlite.internal", IpV4.inet(IpV4.LOOPBACK), 1)).isTrue();
      assertThat(rules.allows("host.boxlite.internal", IpV4.inet(SITE), 1)).isFalse();
    }

    @Test
    void plainHttpGoesThroughTheProxyIfASecretMay() {
      secretFor("api.example", true);

      isPeeked(decisions.tcp(SITE, 80), 10_000);
      assertThat(http(SITE, 80, "any.example")).isInstanceOf(Verdict.Proxy.class);
    }

    @Test
    void hostCheckDemandsThatSecretHostsAreWhereTheyClaim() {
      secretFor("api.example", true);
      told("api.example", SITE);

      assertThat(rules.allows("api.example", IpV4.inet(SITE), 80)).isTrue();
      assertThat(rules.allows("API.example.", IpV4.inet(SITE), 80)).isTrue();
      assertThat(rules.allows("api.example", IpV4.inet(STRANGER), 80)).isFalse();
      assertThat(rules.allows("other.example", IpV4.inet(STRANGER), 80)).isTrue();
      assertThat(rules.allows("192.0.2.1", IpV4.inet(SITE), 80)).isTrue();
      assertThat(rules.allows("192.0.2.1", IpV4.inet(STRANGER), 80)).isFalse();
      assertThat(rules.allows("", IpV4.inet(STRANGER), 80)).isFalse();
    }
  }

  @Nested
  class OfBoxWithRules {
    @Test
    void addressesThatWereNotToldAreDeniedAtOnce() {
      allow("site.example");

      isDenied(decisions.tcp(SITE, 443));
      isDenied(decisions.udp(SITE, 53));
    }

    @Test
    void serverNameMustBeAllowedAndOfThatAddress() {
      allow("site.example", "other.example");
      told("site.example", SITE);
      server.put("other.example", "60 A 192.0.2.99");

      isPeeked(decisions.tcp(SITE, 443), 10_000);
      isDialed(hello(SITE, 443, "site.example"), "site.example");
      isDenied(hello(SITE, 443, "evil.example"));
      isDenied(hello(SITE, 443, "other.example"));
      isDenied(hello(SITE, 443, ""));
      isDenied(first(SITE, 443, new byte[] {22, 3, 1, 0, 4, 2, 0, 0, 0}));
      isDenied(first(SITE, 443, new byte[0]));
      isDenied(first(SITE, 443, "nonsense\n".getBytes(StandardCharsets.UTF_8)));
      assertThat(first(SITE, 443, new byte[] {22, 3, 1})).isInstanceOf(Verdict.More.class);
      isDenied(decisions.first(SITE, 443, FirstBytes.of(new byte[] {22, 3, 1}), true));
      isDenied(hello(STRANGER, 443, "site.example"));
    }

    @Test
    void hostOfHttpMustBeAllowedWithoutAProxy() {
      allow("site.example");
      told("site.example", SITE);

      isDialed(http(SITE, 80, "site.example"), "site.example");
      isDialed(http(SITE, 8000, "Site.Example:8000"), "site.example");
      isDenied(http(SITE, 80, "evil.example"));
      isDenied(http(SITE, 8000, "evil.example"));
      isDenied(http(SITE, 80, "192.0.2.1"));
      isDenied(first(SITE, 80, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
      isDenied(first(SITE, 80, "PRI * HTTP/2.0\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
      isDenied(first(SITE, 80, "GET /\r\n".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void httpGoesThroughTheProxyWhichChecksEachRequest() {
      allow("site.example");
      told("site.example", SITE);
      rules.useProxy(Optional.of(new RecordedProxy(Set.of(), false)));

      assertThat(http(SITE, 80, "site.example")).isInstanceOf(Verdict.Proxy.class);
      assertThat(rules.allows("site.example", IpV4.inet(SITE), 80)).isTrue();
      assertThat(rules.allows("evil.example", IpV4.inet(SITE), 80)).isFalse();
      assertThat(rules.allows("site.example", IpV4.inet(STRANGER), 80)).isFalse();
    }

    @Test
    void portsOfRulesHold() {
      allow("site.example:8443");
      told("site.example", SITE);

      isDenied(decisions.tcp(SITE, 443));
      isDialed(hello(SITE, 8443, "site.example"), "site.example");
    }

    @Test
    void serversThatSpeakFirstDoNotWait() {
      allow("mail.example", "db.example:13306", "site.example");
      told("mail.example", SITE);
      told("db.example", SITE);

      isDialed(decisions.tcp(SITE, 25), "mail.example");
      isDialed(decisions.tcp(SITE, 22), "mail.example");
      isPeeked(decisions.tcp(SITE, 13306), 300);
      isDialed(first(SITE, 13306, new byte[0]), "db.example");
      isPeeked(decisions.tcp(SITE, 9999), 10_000);
      isDenied(first(SITE, 9999, new byte[0]));
    }

    @Test
    void protocolsOfTheirOwnGoByTheAddress() {
      allow("site.example");
      told("site.example", SITE);

      isDialed(first(SITE, 6379, "PING\r\n".getBytes(StandardCharsets.UTF_8)), "site.example");
      isDialed(first(SITE, 5432, new byte[] {0, 0, 0, 8, 4, -46, 22, 47}), "site.example");
      isDialed(first(SITE, 443, "SSH-2.0-x\r\n".getBytes(StandardCharsets.UTF_8)), "site.example");
    }

    @Test
    void addressRulesNeedNoName() {
      allow("192.0.2.0/24:5000");

      isDialed(decisions.tcp(SITE, 5000), "");
      isDialed(decisions.udp(SITE, 5000), "");
      isDenied(decisions.tcp(SITE, 5001));
      isDenied(decisions.udp(SITE, 5001));
    }

    @Test
    void datagramsGoToToldAddressesButNotQuic() {
      allow("site.example");
      told("site.example", SITE);

      isDialed(decisions.udp(SITE, 123), "site.example");
      isDenied(decisions.udp(SITE, 443));
      isDenied(decisions.udp(STRANGER, 123));
    }

    @Test
    void secretHostsAreAllowedAtTheirPortOnly() {
      allow("site.example");
      secretFor("api.example", false);
      told("api.example", SITE);

      assertThat(rules.onQuestion("api.example").isAllowed()).isTrue();
      isPeeked(decisions.tcp(SITE, 443), 10_000);
      assertThat(hello(SITE, 443, "api.example")).isInstanceOf(Verdict.Proxy.class);
      isDenied(decisions.tcp(SITE, 80));
      isDenied(hello(STRANGER, 443, "api.example"));
    }

    @Test
    void denialsWinOverSecretsAndAddresses() {
      use(EgressPolicy.of(List.of("192.0.2.0/24"), List.of("api.example", "192.0.2.9")));
      secretFor("api.example", false);
      told("api.example", SITE);

      isDenied(hello(SITE, 443, "api.example"));
      isDenied(decisions.tcp(ip("192.0.2.9"), 443));
      assertThat(rules.onQuestion("api.example").isDenied()).isTrue();
    }

    @Test
    void flowsEndWhenTheirRuleGoes() {
      allow("site.example", "192.0.2.0/24:5000");
      FlowTag named = new FlowTag("tcp", STRANGER, 443, "site.example", "site.example");
      FlowTag addressed = new FlowTag("tcp", SITE, 5000, "", "192.0.2.0/24:5000");
      FlowTag host = new FlowTag("tcp", IpV4.HOST_ALIAS, 1, "host.boxlite.internal", "host");
      assertThat(decisions.mayGoOn(named)).isTrue();
      assertThat(decisions.mayGoOn(addressed)).isTrue();
      assertThat(decisions.mayGoOn(host)).isTrue();

      rules.change(EgressPolicy.of(List.of("x.example"), List.of("host.boxlite.internal")));
      assertThat(decisions.mayGoOn(named)).isFalse();
      assertThat(decisions.mayGoOn(addressed)).isFalse();
      assertThat(decisions.mayGoOn(host)).isFalse();
      rules.change(EgressPolicy.EVERYTHING);
      assertThat(decisions.mayGoOn(named)).isTrue();
    }
  }

  @Test
  void tagsKeepWhatTheyAre() {
    FlowTag tag = new FlowTag("tcp", SITE, 443, "site.example", "*.example:443");
    FlowTag bare = new FlowTag("udp", SITE, 1, "", "");

    assertThat(FlowTag.parse(tag.text())).contains(tag);
    assertThat(FlowTag.parse(bare.text())).contains(bare);
    for (String wrong : List.of("", "a b c d e", "tcp 1.2.3.4 99999 - -", "x".repeat(2000))) {
      assertThat(FlowTag.parse(wrong)).isEmpty();
    }
  }
}
