package io.boxlite.network.internal.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class SubstitutionTest {
  private static final Secret ONE =
      new Secret("one", "v\"1\\ü%", List.of("h.test"), "<<one:12345>>", false);
  private static final Secret LONGER =
      new Secret("longer", "<<one:12345>>", List.of("*.h.test", "h.test"), "<<one:12345>>6", true);
  private static final SecretSet SET = new SecretSet(List.of(ONE, LONGER));
  private static final Substitution BOTH = SET.forHost("h.test", true);

  @Test
  void hostsAreExactOrAnythingBelowASuffix() {
    assertThat(SET.opens("H.test.")).isTrue();
    assertThat(SET.opens("a.b.h.test")).isTrue();
    assertThat(SET.opens("xh.test")).isFalse();
    assertThat(SET.opens(".h.test")).isFalse();
    assertThat(SET.opens("h.test.evil")).isFalse();
    assertThat(new SecretSet(List.of(Secret.of("a", "b", List.of("*", "*.")))).opens("x"))
        .isFalse();
    assertThat(SET.forHost("a.h.test", true).header("x", "<<one:12345>>"))
        .isEqualTo("<<one:12345>>");
    assertThat(SET.forHost("h.test", false).header("x", "<<one:12345>>"))
        .isEqualTo("<<one:12345>>");
  }

  @Test
  void theLongerPlaceholderIsMeantAndValuesAreNotSearched() {
    assertThat(BOTH.header("x", "<<one:12345>>6<<one:12345>>7"))
        .isEqualTo("<<one:12345>>v\"1\\\u00c3\u00bc%7");
  }

  @Test
  void headersThatFrameAMessageAreLeft() {
    for (String name :
        List.of("Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade")) {
      assertThat(BOTH.header(name, "<<one:12345>>")).isEqualTo("<<one:12345>>");
    }
  }

  @Test
  void thePathIsLeft() {
    assertThat(BOTH.target("/<<one:12345>>?a=%3C%3cone%3A12345>>"))
        .isEqualTo("/<<one:12345>>?a=v%221%5C%C3%BC%25");
  }

  @Test
  void aValueWithLineEndsIsRefused() {
    for (String value : List.of("a\r\nX: y", "a\nb", "a\0b")) {
      assertThatThrownBy(() -> new SecretSet(List.of(Secret.of("a", value, List.of("h")))))
          .isInstanceOf(ConfigException.class)
          .hasMessageNotContaining("X: y");
    }
  }

  @Test
  void aStreamIsChangedAlikeHoweverItIsSplit() {
    Random random = new Random(7);
    String[] pieces = {
      "<<one:12345>>",
      "<<one:12345>>6",
      "<<one:1234",
      "<",
      "<<",
      "<<one:",
      "%3C%3Cone%3a12345%3E%3E",
      "%3",
      "%",
      "\\u003c",
      "\\u003c<one:12345>\\u003e",
      "\\",
      "\\u00",
      "xyz",
      "\\\""
    };
    for (Writing writing : Writing.values()) {
      for (int round = 0; round < 500; round++) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i >= 0; i--) {
          text.append(pieces[random.nextInt(pieces.length)]);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        String whole = new String(BOTH.body(writing).all(bytes), StandardCharsets.ISO_8859_1);
        assertThat(split(BOTH.body(writing), bytes, random))
            .as("%s %s", writing, text)
            .isEqualTo(whole);
      }
    }
  }

  private static String split(BodyFilter filter, byte[] bytes, Random random) {
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < bytes.length) {
      int size = Math.min(bytes.length - at, 1 + random.nextInt(4));
      append(
          out,
          filter.filter(
              Unpooled.copiedBuffer(bytes, at, size), false, UnpooledByteBufAllocator.DEFAULT));
      at += size;
    }
    append(out, filter.filter(Unpooled.buffer(0), true, UnpooledByteBufAllocator.DEFAULT));
    return out.toString();
  }

  private static void append(StringBuilder out, ByteBuf part) {
    out.append(part.toString(StandardCharsets.ISO_8859_1));
    part.release();
  }

  @Test
  void authoritiesAreReadStrictly() {
    assertThat(HostPattern.ofAuthority("A.test:8080")).isEqualTo("a.test");
    assertThat(HostPattern.ofAuthority("[::1]:80")).isEqualTo("::1");
    for (String bad :
        List.of("", "a@b", "a:b", "a:1:2", "a/b", "a b", "[::1", "a:123456", "a\u00e4", "a%2e")) {
      assertThat(HostPattern.ofAuthority(bad)).as(bad).isEmpty();
    }
  }
}
