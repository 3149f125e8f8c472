package io.boxlite.image.internal.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageException;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.oci.Digest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

final class LayerVerifyTest {
  private final byte[] layer = new byte[100_000];

  LayerVerifyTest() {
    new Random(1).nextBytes(layer);
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(plain);
    }
    return bytes.toByteArray();
  }

  private void verify(byte[] blob) throws IOException {
    LayerConverter.verify(
        new ByteArrayInputStream(blob), Digest.of(layer).bytes(), ImageLimits.DEFAULT);
  }

  @Test
  void takesTheLayerHoweverItIsCompressed() throws Exception {
    verify(layer);
    verify(gzip(layer));
  }

  @Test
  void refusesAnotherLayerAndOneThatIsCutOff() throws Exception {
    byte[] other = layer.clone();
    other[5] ^= 1;
    byte[] whole = gzip(layer);
    for (byte[] bad : new byte[][] {gzip(other), Arrays.copyOf(whole, whole.length - 20)}) {
      assertThatThrownBy(() -> verify(bad)).isInstanceOf(ImageException.class);
    }
  }
}
