package io.boxlite.network;

import static io.boxlite.network.Http2Client.DATA;
import static io.boxlite.network.Http2Client.END_HEADERS;
import static io.boxlite.network.Http2Client.END_STREAM;
import static io.boxlite.network.Http2Client.GOAWAY;
import static io.boxlite.network.Http2Client.HEADERS;
import static io.boxlite.network.Http2Client.RESET;
import static io.boxlite.network.Http2Client.SETTINGS;
import static io.boxlite.network.ProxyBench.HOST;
import static io.boxlite.network.ProxyBench.KEY;
import static io.boxlite.network.ProxyBench.MARK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Frames of HTTP/2 that no client sends.
@Timeout(120)
final class SecretProxyHttp2Test {
  @TempDir Path directory;
  private ProxyBench bench;
  private Http2Server server;
  private Http2Client client;

  @BeforeEach
  void open() throws Exception {
    bench = new ProxyBench(directory, List.of(KEY), (host, address, port) -> true);
    server = new Http2Server(bench.world.forHost(HOST));
    int port = bench.through(server.port(), Optional.of(HOST));
    client = new Http2Client(bench.boxTls, port, HOST);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    bench.close();
    server.close();
  }

  private static byte[] head(String path, String... more) {
    List<String> headers =
        new ArrayList<>(
            List.of(":method", "POST", ":scheme", "https", ":authority", HOST, ":path", path));
    headers.addAll(List.of(more));
    return Http2Client.head(headers.toArray(String[]::new));
  }

  private static byte[] tableSize(int size) {
    return new byte[] {0, 1, (byte) (size >> 24), (byte) (size >> 16), (byte) (size >> 8), 0};
  }

  @Test
  void tableOfHeadersGrowsNotAsTheBoxLikes() throws Exception {
    client.add(SETTINGS, 0, 0, tableSize(-1));
    client.add(HEADERS, END_STREAM | END_HEADERS, 1, head("/"));
    client.flush();

    ByteBuf block = Unpooled.wrappedBuffer(client.next(HEADERS).body());
    long size = -1;
    while ((block.getByte(block.readerIndex()) & 0xe0) == 0x20) { // RFC 7541 6.3
      size = number(block);
    }
    assertThat(size).isEqualTo(4096);
  }

  /// RFC 7541 5.1, with a prefix of five bits.
  private static long number(ByteBuf in) {
    long value = in.readByte() & 0x1f;
    if (value == 0x1f) {
      int next;
      int shift = 0;
      do {
        next = in.readByte();
        value += (long) (next & 0x7f) << shift;
        shift += 7;
      } while ((next & 0x80) != 0);
    }
    return value;
  }

  @Test
  void settingsWithoutEndAreTheEndOfTheConnection() {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 1000; i++) {
                client.add(SETTINGS, 0, 0, tableSize(i % 2 == 0 ? 1024 : 2048));
              }
              client.flush();
              client.next(-1);
              client.next(-1);
            })
        .isInstanceOfAny(EOFException.class, SocketException.class);
  }

  @ParameterizedTest
  @CsvSource({
    ":authority,evil.test",
    ":path,/evil",
    "host,evil.test",
    "content-length,5",
    "transfer-encoding,chunked",
    "X-Upper,a",
    "te,gzip"
  })
  void trailersThatSayWhereAMessageGoesOrEndsAreRefused(String name, String value)
      throws Exception {
    client.add(SETTINGS, 0, 0, new byte[0]);
    client.add(HEADERS, END_HEADERS, 1, head("/"));
    client.add(DATA, 0, 1, new byte[10]);
    client.add(HEADERS, END_STREAM | END_HEADERS, 1, Http2Client.head(name, value));
    client.flush();

    assertThat(client.next(HEADERS).type()).isIn(RESET, GOAWAY);
    assertThat(server.requests).hasValue(0);
  }

  @ParameterizedTest
  @CsvSource({"5,10", "10,5", "0,3"})
  void bodyOfAnotherLengthThanToldIsNotPassedOn(int told, int sent) throws Exception {
    client.add(SETTINGS, 0, 0, new byte[0]);
    client.add(HEADERS, END_HEADERS, 1, head("/", "content-length", "" + told, "x", MARK));
    client.add(DATA, END_STREAM, 1, new byte[sent]);
    client.flush();

    assertThat(client.next(HEADERS).type()).isIn(RESET, GOAWAY);
    assertThat(server.requests).hasValue(0);
  }

  @Test
  void serverWaitsForABoxThatDoesNotReadHeads() throws Exception {
    client.add(SETTINGS, 0, 0, new byte[0]);
    client.add(HEADERS, END_STREAM | END_HEADERS, 1, head("/hints?40000"));
    client.flush();

    long before;
    do {
      before = server.sent.get();
      new java.util.concurrent.CountDownLatch(1).await(700, TimeUnit.MILLISECONDS);
    } while (before == 0 || server.sent.get() != before);
    assertThat(before).isLessThan(10_000); // what buffers of sockets hold
  }
}
