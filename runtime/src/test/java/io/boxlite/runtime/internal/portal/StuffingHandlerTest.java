package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StuffingHandlerTest {
  private static final byte[] FLAG = FakeAgent.FLAG;

  @Test
  void insertsAZeroAfterFifteenBytesAlsoAcrossWrites() {
    byte[] twice =
        "x\u00f9boxlite-sync-v1\u00f9boxlite-sync-v".getBytes(StandardCharsets.ISO_8859_1);
    byte[] expected =
        "x\u00f9boxlite-sync-v\u00001\u00f9boxlite-sync-v\u0000"
            .getBytes(StandardCharsets.ISO_8859_1);
    for (int cut = 0; cut <= twice.length; cut++) {
      assertThat(stuff(twice, cut)).isEqualTo(expected);
    }
  }

  @Test
  void passesTheSameBufferWhenNothingIsInserted() {
    ByteBuf plain = Unpooled.wrappedBuffer("hello \u00f9box".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(new StuffingHandler().stuffed(plain)).isSameAs(plain);
  }

  @Test
  void roundTripsDataFullOfFlagPieces() {
    Random random = new Random(7);
    for (int round = 0; round < 3000; round++) {
      ByteArrayOutputStream data = new ByteArrayOutputStream();
      for (int piece = random.nextInt(12); piece >= 0; piece--) {
        int from = random.nextInt(3) == 0 ? random.nextInt(FLAG.length) : 0;
        data.write(FLAG, from, random.nextInt(FLAG.length - from + 1));
        if (random.nextInt(4) == 0) {
          data.write(random.nextBoolean() ? 0 : random.nextInt(256));
        }
      }
      byte[] plain = data.toByteArray();
      int[] cuts = random.ints(random.nextInt(4), 0, plain.length + 1).sorted().toArray();
      byte[] stuffed = stuff(plain, cuts);
      assertThat(indexOfFlag(stuffed)).isEqualTo(-1);
      assertThat(unstuff(stuffed)).isEqualTo(plain);
    }
  }

  private static byte[] stuff(byte[] data, int... cuts) {
    StuffingHandler handler = new StuffingHandler();
    ByteBuf all = Unpooled.buffer();
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i == cuts.length ? data.length : cuts[i];
      // A slice with an offset: reader index and array index must not be confused.
      ByteBuf part = Unpooled.buffer().writeZero(3).writeBytes(data, from, to - from).skipBytes(3);
      all.writeBytes(handler.stuffed(part));
      from = to;
    }
    return Arrays.copyOf(all.array(), all.readableBytes());
  }

  private static byte[] unstuff(byte[] data) {
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    int matched = 0;
    for (byte b : data) {
      if (matched == 15) {
        matched = 0;
        continue;
      }
      matched = b == FLAG[matched] ? matched + 1 : b == FLAG[0] ? 1 : 0;
      plain.write(b);
    }
    return plain.toByteArray();
  }

  private static int indexOfFlag(byte[] data) {
    return new String(data, StandardCharsets.ISO_8859_1)
        .indexOf(new String(FLAG, StandardCharsets.ISO_8859_1));
  }
}
