package io.boxlite.image.internal.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.tar.TarBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostileLayerTest {
  @TempDir private Path dir;

  private void assertRefused(String reason, byte[] blob, byte[] tar) {
    assertThatThrownBy(() -> Conversion.image(dir, blob, tar))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  private void assertRefused(String reason, TarBuilder tar) {
    byte[] bytes = tar.build();
    assertRefused(reason, bytes, bytes);
  }

  @Test
  void pathsOutsideTheRootAreRefused() {
    assertRefused("unsafe_path", new TarBuilder().file("../escape", ""));
    assertRefused("unsafe_path", new TarBuilder().file("a/../../escape", ""));
    assertRefused("unsafe_path", new TarBuilder().file("/../escape", ""));
    assertRefused("unsafe_path", new TarBuilder().file("f", "").hardLink("l", "../../etc/shadow"));
    assertRefused("unsafe_path", new TarBuilder().pax(Map.of("path", "a\0b")).file("x", ""));
    assertRefused(
        "unsafe_path", new TarBuilder().pax(Map.of("path", "n".repeat(256))).file("x", ""));
    assertRefused(
        "unsafe_path", new TarBuilder().pax(Map.of("path", "d/".repeat(300))).file("x", ""));
    assertRefused("unsafe_path", new TarBuilder().symbolicLink(".", "/etc"));
  }

  @Test
  void whiteoutsOfNoFileAreRefused() {
    for (String name : new String[] {".wh.", "a/.wh..", ".wh..."}) {
      assertRefused("unsafe_path", new TarBuilder().file(name, ""));
    }
  }

  @Test
  void badLinksAndTypesAreRefused() {
    assertRefused("invalid_archive", new TarBuilder().hardLink("l", "missing"));
    assertRefused("invalid_archive", new TarBuilder().directory("d").hardLink("l", "d"));
    assertRefused(
        "invalid_archive", new TarBuilder().symbolicLink("s", "/").hardLink("l", "s/etc/passwd"));
    assertRefused("invalid_archive", new TarBuilder().symbolicLink("s", ""));
    assertRefused("invalid_archive", new TarBuilder().entry('M', "m", "", 0, new byte[0]));
  }

  @Test
  void malformedPaxIsRefused() {
    for (String bad : new String[] {"x", "5 a=b\n", "99999999999 a=b\n", "6 a=bc", "4 a\n\n"}) {
      byte[] data = bad.getBytes(StandardCharsets.ISO_8859_1);
      assertRefused("invalid_archive", new TarBuilder().entry('x', "p", "", 0, data).file("f", ""));
    }
    assertRefused("invalid_archive", new TarBuilder().pax(Map.of("size", "-1")).file("f", ""));
    assertRefused("invalid_archive", new TarBuilder().pax(Map.of("path", "f")));
    assertRefused(
        "invalid_archive",
        new TarBuilder()
            .pax(Map.of("GNU.sparse.size", "10", "GNU.sparse.map", "8,5"))
            .file("f", "12345"));
  }

  @Test
  void tooManyAttributesAreRefused() {
    String big = "b".repeat(65_530);
    assertRefused(
        "too_large", new TarBuilder().pax(Map.of("SCHILY.xattr.user.big", big)).file("f", ""));
  }

  @Test
  void truncatedAndCorruptArchivesAreRefused() throws IOException {
    byte[] tar = new TarBuilder().file("f", "x".repeat(5000)).build();
    assertRefused("invalid_archive", Arrays.copyOf(tar, 3000), tar);
    assertRefused("digest_mismatch", Arrays.copyOf(tar, tar.length - 512), tar);
    byte[] gzip = gzip(tar, 1);
    assertRefused("invalid_archive", Arrays.copyOf(gzip, gzip.length / 2), tar);
    gzip[gzip.length - 6] ^= 1;
    assertRefused("invalid_archive", gzip, tar);
    byte[] header = tar.clone();
    header[0] ^= 1;
    assertRefused("invalid_archive", header, header);
  }

  @Test
  void bombsAreRefused() throws IOException {
    byte[] bomb = Arrays.copyOf(header(1 << 30), 200 << 20);
    assertRefused("too_large", Zstd.compress(bomb), bomb);
  }

  private static byte[] header(int size) {
    byte[] tar = new TarBuilder().pax(Map.of("size", Integer.toString(size))).file("f", "").build();
    return Arrays.copyOf(tar, tar.length - 1024);
  }

  private static byte[] gzip(byte[] data, int times) throws IOException {
    return gzip(new byte[0], data, times);
  }

  private static byte[] gzip(byte[] first, byte[] data, int times) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(first);
      for (int i = 0; i < times; i++) {
        gzip.write(data);
      }
    }
    return out.toByteArray();
  }
}
