package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FirstBytesTest {
  private static FirstBytes text(String text) {
    return FirstBytes.of(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static FirstBytes.Tls tls(String name) {
    return new FirstBytes.Tls(Optional.of(name));
  }

  @Test
  void serverNameOfClientHelloIsRead() {
    assertThat(FirstBytes.of(Hellos.of("API.Example.com"))).isEqualTo(tls("api.example.com"));
    assertThat(FirstBytes.of(Hellos.of(""))).isEqualTo(new FirstBytes.Tls(Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 50, 200})
  void fragmentedClientHelloIsPutTogether(int size) {
    byte[] hello = Hellos.fragmented(Hellos.of("example.com"), size);

    assertThat(FirstBytes.of(hello)).isEqualTo(tls("example.com"));
  }

  @Test
  void partOfClientHelloIsIncomplete() {
    byte[] hello = Hellos.of("example.com");
    for (int length = 1; length < hello.length; length++) {
      assertThat(FirstBytes.of(Arrays.copyOf(hello, length)))
          .isEqualTo(new FirstBytes.Incomplete());
    }
    byte[] more = Arrays.copyOf(hello, hello.length + 100);
    assertThat(FirstBytes.of(more)).isEqualTo(tls("example.com"));
  }

  @Test
  void clientHelloBeyondTheLimitIsBroken() {
    byte[] endless = new byte[FirstBytes.MAX_BYTES];
    byte[] start = {22, 3, 1, 0x40, 0, 1, 0, 0x3f, (byte) 0xfc};
    System.arraycopy(start, 0, endless, 0, start.length);

    assertThat(FirstBytes.of(endless)).isInstanceOf(FirstBytes.Broken.class);
    assertThat(FirstBytes.of(new byte[] {22, 3, 1, 0, 4, 1, 1, 0, 0}))
        .isInstanceOf(FirstBytes.Broken.class);
    assertThat(FirstBytes.of(new byte[] {22, 3, 1, 0, 0})).isInstanceOf(FirstBytes.Broken.class);
    assertThat(FirstBytes.of(new byte[] {22, 3, 1, 0, 4, 2, 0, 0, 0}))
        .isInstanceOf(FirstBytes.Broken.class);
  }

  @Test
  void twoServerNamesAreBroken() {
    byte[] hello = Hellos.of("example.com");
    // Only the extension's type is changed: that of the next is made a second server name.
    String bytes = new String(hello, StandardCharsets.ISO_8859_1);
    int name = bytes.indexOf("example.com");
    byte[] doubled = hello.clone();
    doubled[name + 11] = 0;
    doubled[name + 12] = 0;

    assertThat(FirstBytes.of(doubled)).isInstanceOf(FirstBytes.Broken.class);
    byte[] zero = hello.clone();
    zero[name + 3] = 0;
    assertThat(FirstBytes.of(zero)).isInstanceOf(FirstBytes.Broken.class);
  }

  @Test
  void damagedClientHellosNeverThrow() {
    Random random = new Random(42);
    byte[] hello = Hellos.of("example.com");
    for (int i = 0; i < 200_000; i++) {
      byte[] damaged = Arrays.copyOf(hello, 1 + random.nextInt(hello.length));
      for (int n = random.nextInt(8); n >= 0; n--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      assertThat(FirstBytes.of(damaged)).isNotNull();
    }
  }

  @Test
  void randomBytesNeverThrow() {
    Random random = new Random(7);
    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      assertThat(FirstBytes.of(bytes)).isNotNull();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'GET / HTTP/1.1\r\nHost: Example.com\r\n\r\n', HTTP/1.1, example.com",
    "'\r\n\n GET / HTTP/1.1\nhost:example.com:8080\n\n', HTTP/1.1, example.com",
    "'get / http/1.0\r\nHOST : example.com.\r\n\r\n', HTTP/1.0, example.com",
    "'GET http://other/ HTTP/1.1\r\nHost: example.com\r\n\r\n', HTTP/1.1, example.com",
    "'GET\t/\tHTTP/1.1\r\nX: y\r\nHost: example.com\r\n\r\n', HTTP/1.1, example.com",
  })
  void hostOfRequestIsRead(String request, String version, String host) {
    assertThat(text(request)).isEqualTo(new FirstBytes.Http(version, Optional.of(host), true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
        "GET / HTTP/1.1\r\nX: y\rHost: b.example\r\nHost: a.example\r\n\r\n",
        "GET / HTTP/1.1\r\nX: y\r\n Host: b.example\r\nHost: a.example\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      })
  void requestWithoutOneHostHasNone(String request) {
    assertThat(text(request))
        .isInstanceOfSatisfying(FirstBytes.Http.class, http -> assertThat(http.host()).isEmpty());
  }

  @Test
  void otherProtocolsAreTold() {
    assertThat(FirstBytes.of(new byte[0])).isEqualTo(new FirstBytes.Silent());
    assertThat(text("SSH-2.0-OpenSSH_9\r\n")).isEqualTo(new FirstBytes.Other(true));
    assertThat(text("EHLO me\r\n")).isEqualTo(new FirstBytes.Other(false));
    assertThat(FirstBytes.of(new byte[] {0, 0, 0, 8, 4, (byte) 210, 22, 47}))
        .isEqualTo(new FirstBytes.Other(false));
    assertThat(text("GE")).isEqualTo(new FirstBytes.Incomplete());
    assertThat(text("GET /long")).isEqualTo(new FirstBytes.Incomplete());
    assertThat(text("GET / HTTP/1.1\r\nHost: a.ex"))
        .isEqualTo(new FirstBytes.Http("HTTP/1.1", Optional.empty(), false));
    assertThat(text("G".repeat(FirstBytes.MAX_BYTES))).isEqualTo(new FirstBytes.Other(false));
  }
}
