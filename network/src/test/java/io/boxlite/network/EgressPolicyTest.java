package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.network.EgressPolicy.Ruling.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EgressPolicyTest {
  private static int ip(String text) {
    return IpV4.parse(text).orElseThrow();
  }

  private static EgressPolicy allow(String... rules) {
    return EgressPolicy.of(List.of(rules), List.of());
  }

  private static EgressPolicy deny(String... rules) {
    return EgressPolicy.of(List.of(), List.of(rules));
  }

  @ParameterizedTest
  @CsvSource({
    "Example.COM, example.com",
    "' api.example.com. ', api.example.com",
    "*.Example.com:443, *.example.com:443",
    "bücher.example, xn--bcher-kva.example",
    "my_bucket.s3.example, my_bucket.s3.example",
    "localhost:8080, localhost:8080",
    "192.0.2.7, 192.0.2.7",
    "192.0.2.7:53, 192.0.2.7:53",
    "10.1.2.3/8, 10.0.0.0/8",
    "0.0.0.0/0, 0.0.0.0/0",
    "10.0.0.0/8:22, 10.0.0.0/8:22",
    "2001:DB8::1, 2001:db8::1",
    "2001:db8::/32, 2001:db8::/32",
    "[2001:db8::1]:443, [2001:db8::1]:443",
    "::ffff:127.0.0.1, ::ffff:127.0.0.1",
  })
  void rulesHaveOneSpelling(String rule, String text) {
    assertThat(allow(rule).allowed()).containsExactly(text);
    assertThat(deny(rule).denied()).containsExactly(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "*",
        "*.",
        "a.*.example.com",
        "*example.com",
        "https://example.com",
        "example.com/path",
        "example.com:0",
        "example.com:65536",
        "example.com:",
        "example.com:http",
        "example..com",
        "-a.example.com",
        "exa mple.com",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "192.0.2.256",
        "1.2.3.4.5",
        "10.0.0.0/33",
        "10.0.0/8",
        "10.0.0.0/",
        "example.com/8",
        "[2001:db8::1",
        "[2001:db8::1]443",
        "2001:db8::1::2",
        "2001:db8:::1",
        "1:2:3",
        "2001:db8::/129",
        "a\u0000b.example",
        ".",
        "..",
      })
  void wrongRulesAreNamed(String rule) {
    assertThatThrownBy(() -> allow("good.example", rule))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("allow rule '" + rule + "': ")
        .hasMessageNotContaining("good.example");
  }

  @Test
  void allWrongRulesAreNamedAtOnce() {
    assertThatThrownBy(() -> EgressPolicy.of(List.of("127.1"), List.of("x".repeat(999))))
        .hasMessageContaining("allow rule '127.1'")
        .hasMessageContaining("deny rule 'xxx")
        .message()
        .hasSizeLessThan(400);
  }

  @Test
  void withoutRulesEverythingIsAllowedButWhatNoBoxMayReach() {
    EgressPolicy policy = EgressPolicy.EVERYTHING;

    assertThat(policy.isUnrestricted()).isTrue();
    assertThat(policy.onName("anything.example", 1).isAllowed()).isTrue();
    for (String open : List.of("192.0.2.1", "10.0.0.1", "192.168.1.1", "172.17.0.1")) {
      assertThat(policy.onAddress(ip(open), 443).isAllowed()).as(open).isTrue();
    }
    for (String closed :
        List.of(
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.1.2.3",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "169.254.169.254",
            "192.168.127.1",
            "192.168.127.2")) {
      assertThat(policy.onAddress(ip(closed), 443).isDenied()).as(closed).isTrue();
    }
  }

  @Test
  void noRuleOpensLoopbackOrMulticast() {
    EgressPolicy policy = allow("127.0.0.0/8", "0.0.0.0/0", "224.0.0.0/4", "240.0.0.0/4");

    for (String closed : List.of("127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255")) {
      assertThat(policy.onAddress(ip(closed), 443).isDenied()).as(closed).isTrue();
    }
  }

  @Test
  void linkLocalIsOpenedByRulesThatMeanItOnly() {
    int metadata = ip("169.254.169.254");

    assertThat(allow("0.0.0.0/0").onAddress(metadata, 80).isDenied()).isTrue();
    assertThat(allow("169.0.0.0/8").onAddress(metadata, 80).isDenied()).isTrue();
    assertThat(allow("169.254.0.0/16").onAddress(metadata, 80).isAllowed()).isTrue();
    assertThat(allow("169.254.169.254:80").onAddress(metadata, 80).isAllowed()).isTrue();
    assertThat(allow("169.254.169.254:80").onAddress(metadata, 81).isDenied()).isTrue();
    assertThat(deny("8.8.8.8").onAddress(metadata, 80).isDenied()).isTrue();
  }

  @Test
  void suffixesMeanAllNamesBelowAndNotTheApex() {
    EgressPolicy policy = allow("*.example.com");

    assertThat(policy.onName("a.example.com", 1).isAllowed()).isTrue();
    assertThat(policy.onName("a.b.c.example.com", 1).isAllowed()).isTrue();
    assertThat(policy.onName("example.com", 1).kind()).isEqualTo(Kind.UNNAMED);
    assertThat(policy.onName("badexample.com", 1).kind()).isEqualTo(Kind.UNNAMED);
    assertThat(policy.onName(".example.com", 1).kind()).isEqualTo(Kind.UNNAMED);
    assertThat(policy.onName("example.com.evil.example", 1).kind()).isEqualTo(Kind.UNNAMED);
  }

  @Test
  void portsNarrowRules() {
    EgressPolicy policy = allow("example.com:443", "192.0.2.0/24:53");

    assertThat(policy.onName("example.com", 443).rule()).isEqualTo("example.com:443");
    assertThat(policy.onName("example.com", 80).kind()).isEqualTo(Kind.UNNAMED);
    assertThat(policy.onQuestion("example.com").isAllowed()).isTrue();
    assertThat(policy.onAddress(ip("192.0.2.9"), 53).isAllowed()).isTrue();
    assertThat(policy.onAddress(ip("192.0.2.9"), 54).kind()).isEqualTo(Kind.UNNAMED);
  }

  @Test
  void denialsWin() {
    EgressPolicy policy =
        EgressPolicy.of(
            List.of("*.example.com", "10.0.0.0/8"),
            List.of("evil.example.com", "part.example.com:80", "10.0.0.1"));

    assertThat(policy.onName("evil.example.com", 443).rule()).isEqualTo("evil.example.com");
    assertThat(policy.onName("evil.example.com", 443).isDenied()).isTrue();
    assertThat(policy.onQuestion("evil.example.com").isDenied()).isTrue();
    assertThat(policy.onQuestion("part.example.com").isAllowed()).isTrue();
    assertThat(policy.onName("part.example.com", 80).isDenied()).isTrue();
    assertThat(policy.onName("part.example.com", 443).isAllowed()).isTrue();
    assertThat(policy.onAddress(ip("10.0.0.1"), 443).isDenied()).isTrue();
    assertThat(policy.onAddress(ip("10.0.0.2"), 443).isAllowed()).isTrue();
  }

  @Test
  void denialsAloneLeaveEverythingElseOpen() {
    EgressPolicy policy = deny("evil.example", "198.51.100.0/24");

    assertThat(policy.isOpen()).isTrue();
    assertThat(policy.isUnrestricted()).isFalse();
    assertThat(policy.onAddress(ip("198.51.100.1"), 1).isDenied()).isTrue();
    assertThat(policy.onAddress(ip("192.0.2.1"), 1).isAllowed()).isTrue();
    assertThat(policy.onName("good.example", 1).isAllowed()).isTrue();
  }

  @Test
  void hostIsAlwaysAllowedUnlessDenied() {
    assertThat(allow("example.com").onAddress(IpV4.HOST_ALIAS, 1).isAllowed()).isTrue();
    assertThat(deny("host.boxlite.internal").onAddress(IpV4.HOST_ALIAS, 1).isDenied()).isTrue();
    assertThat(deny("192.168.127.254:22").onAddress(IpV4.HOST_ALIAS, 22).isDenied()).isTrue();
    assertThat(deny("192.168.127.254:22").onAddress(IpV4.HOST_ALIAS, 23).isAllowed()).isTrue();
    assertThat(deny("192.168.0.0/16").onAddress(IpV4.HOST_ALIAS, 23).isDenied()).isTrue();
  }

  @Test
  void ipv6RulesMatchNothing() {
    EgressPolicy policy = allow("::/0");

    assertThat(policy.isOpen()).isFalse();
    assertThat(policy.onAddress(ip("192.0.2.1"), 1).kind()).isEqualTo(Kind.UNNAMED);
    assertThat(policy.onName("example.com", 1).kind()).isEqualTo(Kind.UNNAMED);
  }

  @Test
  void namesMustNotLeadWhereOnlyAddressesMay() {
    for (String never : List.of("127.0.0.1", "0.0.0.0", "192.168.127.254", "169.254.169.254")) {
      assertThat(EgressPolicy.EVERYTHING.mayBeAnswered(ip(never))).as(never).isFalse();
    }
    assertThat(allow("169.254.169.254").mayBeAnswered(ip("169.254.169.254"))).isTrue();
    assertThat(EgressPolicy.EVERYTHING.mayBeAnswered(ip("10.0.0.1"))).isTrue();
  }

  @Test
  void allowingAddsAndTakesFromDenials() {
    EgressPolicy policy = EgressPolicy.of(List.of("a.example"), List.of("b.example", "c.example"));

    EgressPolicy more = policy.allowing(List.of("B.example"), false);
    assertThat(more.allowed()).containsExactly("a.example", "b.example");
    assertThat(more.denied()).containsExactly("c.example");
    EgressPolicy only = policy.allowing(List.of("d.example"), true);
    assertThat(only.allowed()).containsExactly("d.example");
    assertThat(only.denied()).isEmpty();
    EgressPolicy open = deny("b.example", "c.example").allowing(List.of("b.example"), false);
    assertThat(open.allowed()).isEmpty();
    assertThat(open.denied()).containsExactly("c.example");
    assertThatThrownBy(() -> EgressPolicy.EVERYTHING.allowing(List.of("a.example"), false))
        .isInstanceOf(InvalidStateException.class);
    assertThatThrownBy(() -> policy.allowing(List.of("127.1"), false))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void denyingTakesFromWhatIsAllowedButTheLast() {
    EgressPolicy policy = allow("a.example", "b.example").denying(List.of("a.example"));

    assertThat(policy.allowed()).containsExactly("b.example");
    assertThat(policy.denied()).containsExactly("a.example");
    assertThatThrownBy(() -> policy.denying(List.of("b.example")))
        .isInstanceOf(InvalidStateException.class);
  }
}
