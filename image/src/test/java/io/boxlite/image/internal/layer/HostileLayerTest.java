package io.boxlite.image.internal.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.boxlite.api.ImageException;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.erofs.ErofsReader;
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

  @Test
  void linksLeadNowhereOutside() throws Exception {
    Map<String, ErofsReader.File> files =
        Conversion.convert(
            dir,
            new TarBuilder()
                .symbolicLink("up", "../../../../../../etc")
                .file("up/a", "")
                .symbolicLink("abs", "/")
                .file("abs/b", "")
                .symbolicLink("swap", "/etc")
                .directory("swap")
                .file("swap/c", "")
                .symbolicLink("chain", "up/../abs/d")
                .file("chain/e", "")
                .build());
    assertThat(files).containsKeys("etc/a", "b", "swap/c", "d/e");
    assertRefused("unsafe_path", new TarBuilder().symbolicLink("l", "l").file("l/x", ""));
    assertRefused(
        "unsafe_path",
        new TarBuilder().symbolicLink("a", "b").symbolicLink("b", "a").file("a/x", ""));
    assertRefused(
        "unsafe_path",
        new TarBuilder().symbolicLink("l", "d/".repeat(49)).file("l/../" + "..", ""));
  }

  @Test
  void deepLinksAreRefused() {
    TarBuilder tar = new TarBuilder();
    tar.pax(Map.of("linkpath", "d/".repeat(300))).symbolicLink("l", "x").file("l/f", "");
    assertRefused("unsafe_path", tar);
    TarBuilder wide = new TarBuilder();
    wide.pax(Map.of("linkpath", "n".repeat(256))).symbolicLink("l", "x").file("l/f", "");
    assertRefused("unsafe_path", wide);
  }

  @Test
  void entriesThatChangeTheirTypeLeaveTheLast() throws Exception {
    Map<String, ErofsReader.File> files =
        Conversion.convert(
            dir,
            new TarBuilder()
                .file("a", "file")
                .symbolicLink("a", "/etc")
                .directory("a")
                .file("a/inside", "")
                .symbolicLink("b", "a")
                .file("b", "not through the link")
                .directory("c")
                .file("c/inside", "")
                .hardLink("c", "b")
                .build());
    assertThat(files.get("a").mode()).isEqualTo(0040755);
    assertThat(files.get("b").text()).isEqualTo("not through the link");
    assertThat(files.get("c").nid()).isEqualTo(files.get("b").nid());
    assertThat(files).doesNotContainKey("c/inside").containsKey("a/inside");
  }

  @Test
  void whiteoutsActInsideOnly() throws Exception {
    Map<String, ErofsReader.File> files =
        Conversion.convert(
            dir,
            new TarBuilder()
                .symbolicLink("l", "/../../target")
                .file("l/.wh.x", "")
                .file("l/.wh..wh..opq", "")
                .directory(".wh..wh..opq")
                .build());
    assertThat(files.get("target").xattrs()).containsKey("trusted.overlay.opaque");
    assertThat(files).containsKeys("target/x", ".wh..wh..opq");
    assertRefused("unsafe_path", new TarBuilder().file("..", "").file(".wh...", ""));
  }

  @Test
  void whatSpeaksToOverlayfsIsDropped() throws Exception {
    Map<String, ErofsReader.File> files =
        Conversion.convert(
            dir,
            new TarBuilder()
                .pax(
                    Map.of(
                        "SCHILY.xattr.trusted.overlay.metacopy", "",
                        "SCHILY.xattr.user.overlay.opaque", "y",
                        "LIBARCHIVE.xattr.trusted.overlay%2eredirect", "L2V0Yw==",
                        "SCHILY.xattr.user.kept", "1",
                        "SCHILY.xattr.", "no name"))
                .file("f", "")
                .build());
    assertThat(files.get("f").xattrs()).isEqualTo(Map.of("user.kept", "1"));
  }

  @Test
  void paxCannotMakeSizesUp() {
    for (String size :
        new String[] {"-1", "9223372036854775808", "999999999999999999", "0x10", ""}) {
      TarBuilder tar = new TarBuilder().pax(Map.of("size", size)).file("f", "12345");
      if (!size.isEmpty()) {
        assertRefused("invalid_archive", tar);
      }
    }
    assertRefused("invalid_archive", new TarBuilder().pax(Map.of("size", "100000")).file("f", ""));
    assertRefused("invalid_archive", new TarBuilder().pax(Map.of("mtime", "1.x")).file("f", ""));
    assertRefused("invalid_archive", new TarBuilder().pax(Map.of("uid", "-5")).file("f", ""));
    assertRefused(
        "invalid_archive", new TarBuilder().pax(Map.of("uid", "4294967296")).file("f", ""));
    assertRefused(
        "invalid_archive",
        new TarBuilder().pax(Map.of("LIBARCHIVE.xattr.user.a", "no base64!")).file("f", ""));
    assertRefused(
        "unsafe_path", new TarBuilder().pax(Map.of("linkpath", "a\0b")).symbolicLink("l", "x"));
    assertRefused(
        "invalid_archive", new TarBuilder().entry('x', "p", "", 0, new byte[(1 << 20) + 1]));
  }

  @Test
  void malformedSparseMapsAreRefused() {
    for (String map :
        new String[] {"4,4,0,4", "0,4,2,4", "0,99", "9223372036854775807,5", "0,5,", "1", "-1,5"}) {
      assertRefused(
          "invalid_archive",
          new TarBuilder()
              .pax(Map.of("GNU.sparse.size", "10", "GNU.sparse.map", map))
              .file("f", "12345"));
    }
    assertRefused(
        "too_large",
        new TarBuilder()
            .pax(Map.of("GNU.sparse.size", "9000000000000000", "GNU.sparse.map", "0,5"))
            .file("f", "12345"));
  }

  @Test
  void boundsAreTheUsersAndNamedInTheMessage() {
    ImageLimits small = new ImageLimits(3, 100_000, 50_000, 1100, 4, 10);
    assertBound(
        small, "ENTRIES", new TarBuilder().file("1", "").file("2", "").file("3", "").file("4", ""));
    assertBound(small, "ENTRIES", new TarBuilder().file("a/b/c/d", "").file("e/f/g/h", ""));
    assertBound(small, "PATH_DEPTH", new TarBuilder().file("1/2/3/4/5", ""));
    assertBound(small, "NAME_BYTES", new TarBuilder().file("12345678901", ""));
    assertBound(small, "FILE_BYTES", new TarBuilder().file("1", "x".repeat(60_000)));
    assertBound(
        small,
        "UNCOMPRESSED_BYTES",
        new TarBuilder()
            .file("1", "x".repeat(45_000))
            .file("2", "x".repeat(45_000))
            .file("3", "x".repeat(40_000)));
  }

  private void assertBound(ImageLimits limits, String name, TarBuilder builder) {
    byte[] tar = builder.build();
    assertThatThrownBy(() ->
            LayerConverter.convert(
                new java.io.ByteArrayInputStream(tar),
                dir.resolve("bounded" + System.nanoTime()),
                dir.resolve("spool"),
                new byte[32],
                limits,
                LowerFiles.NONE))
        .isInstanceOf(ImageException.class)
        .hasMessageEndingWith("; BOXLITE_IMAGE_MAX_" + name + " lifts this");
  }

  @Test
  void attributesOfAllFilesTogetherAreBounded() {
    TarBuilder tar = new TarBuilder();
    for (int i = 0; i < 2200; i++) {
      tar.pax(Map.of("SCHILY.xattr.user.big", "b".repeat(64_000))).file("f" + i, "");
    }
    assertRefused("too_large", tar);
  }

  @Test
  void aZstdWindowOfMoreThan128MebibytesIsRefused() throws Exception {
    byte[] tar = new TarBuilder().file("f", "x").build();
    assertThat(Conversion.image(dir, zstdFrame(27, tar), tar)).exists();
    assertRefused("invalid_archive", zstdFrame(28, tar), tar);
    assertRefused("invalid_archive", zstdFrame(41, tar), tar);
  }

  /// A frame of one block that is stored as it is (RFC 8878, 3.1.1).
  private static byte[] zstdFrame(int windowBits, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (windowBits - 10 << 3)});
    int block = content.length << 3 | 1;
    out.writeBytes(new byte[] {(byte) block, (byte) (block >> 8), (byte) (block >> 16)});
    out.writeBytes(content);
    return out.toByteArray();
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
