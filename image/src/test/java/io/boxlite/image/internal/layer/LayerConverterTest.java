package io.boxlite.image.internal.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.boxlite.image.internal.erofs.ErofsReader;
import io.boxlite.image.internal.tar.TarBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LayerConverterTest {
  private static final byte[] NONE = {};

  @TempDir private Path dir;

  private Map<String, ErofsReader.File> convert(TarBuilder tar) throws Exception {
    return Conversion.convert(dir, tar.build());
  }

  @Test
  void keepsContentOfEverySizeAroundTheLimits() throws Exception {
    TarBuilder tar = new TarBuilder();
    int[] sizes = {0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 70_000, 300_000};
    for (int size : sizes) {
      tar.file("f" + size, "x".repeat(size));
    }
    Map<String, ErofsReader.File> files = convert(tar);
    for (int size : sizes) {
      assertThat(files.get("f" + size).text()).isEqualTo("x".repeat(size));
    }
  }

  @Test
  void keepsModesOwnersDevicesAndLinks() throws Exception {
    Map<String, ErofsReader.File> files =
        convert(
            new TarBuilder()
                .entry('5', "./", "", 0711, 7, 8, 0, 0, NONE)
                .entry('0', "suid", "", 04755, 1000, 65534, 0, 0, NONE)
                .entry('3', "dev/zero", "", 0666, 0, 0, 1, 5, NONE)
                .entry('4', "dev/big", "", 0660, 0, 6, 259, 70_000, NONE)
                .entry('6', "fifo", "", 0600, NONE)
                .symbolicLink("link", "../../anywhere")
                .symbolicLink("long", "/" + "t".repeat(90))
                .hardLink("a/hard", "suid"));
    assertThat(files.get("").mode()).isEqualTo(0040711);
    assertThat(files.get("").uid()).isEqualTo(7);
    assertThat(files.get("suid").mode()).isEqualTo(0104755);
    assertThat(files.get("suid").uid()).isEqualTo(1000);
    assertThat(files.get("suid").gid()).isEqualTo(65534);
    assertThat(files.get("suid").mtime()).isEqualTo(1_000_000);
    assertThat(files.get("suid").links()).isEqualTo(2);
    assertThat(files.get("a/hard").nid()).isEqualTo(files.get("suid").nid());
    assertThat(files.get("dev/zero").device()).isEqualTo(0x105);
    assertThat(files.get("dev/big").device()).isEqualTo(0x11110370);
    assertThat(files.get("fifo").mode()).isEqualTo(0010600);
    assertThat(files.get("link").text()).isEqualTo("../../anywhere");
    assertThat(files.get("a").mode()).isEqualTo(0040755);
    assertThat(files.get("").links()).isEqualTo(4);
  }

  @Test
  void keepsNamesTimesAndAttributesAsBytes() throws Exception {
    String longName = "n".repeat(255);
    String binary = "\1\0\0\2\u00ff\u0080\n=\0";
    Map<String, ErofsReader.File> files =
        convert(
            new TarBuilder()
                .pax(Map.of("path", "d/" + longName, "mtime", "-1.25", "uid", "4000000000"))
                .file("x", "long")
                .pax(Map.of("SCHILY.xattr.security.capability", binary))
                .file("not-utf8-\u00ff\n", "cap")
                .pax(Map.of("SCHILY.xattr.trusted.overlay.redirect", "/etc"))
                .directory("redirect")
                .pax(Map.of("SCHILY.xattr.user.big", "b".repeat(6000)))
                .file("big", "behind a block of attributes")
                .entry('g', "global", "", 0644, "14 path=wrong\n".getBytes(ISO_8859_1))
                .file("plain", ""));
    ErofsReader.File named = files.get("d/" + longName);
    assertThat(named.mtime()).isEqualTo(-2);
    assertThat(named.nanos()).isEqualTo(750_000_000);
    assertThat(Integer.toUnsignedLong(named.uid())).isEqualTo(4_000_000_000L);
    assertThat(files.get("not-utf8-\u00ff\n").xattrs())
        .isEqualTo(Map.of("security.capability", binary));
    assertThat(files.get("redirect").xattrs()).isEmpty();
    assertThat(files.get("big").xattrs()).isEqualTo(Map.of("user.big", "b".repeat(6000)));
    assertThat(files.get("big").text()).isEqualTo("behind a block of attributes");
    assertThat(files).containsKey("plain");
  }

  @Test
  void turnsWhiteoutsIntoThoseOfOverlayfs() throws Exception {
    Map<String, ErofsReader.File> files =
        convert(
            new TarBuilder()
                .file("a/.wh.gone", "")
                .file("b/.wh..wh..opq", "")
                .file(".wh.back", "")
                .file("back/new", "")
                .file("kept", "kept")
                .file(".wh.kept", "")
                .directory(".wh.directory")
                .file(".wh..wh.plnk", ""));
    assertThat(files.get("a/gone").mode()).isEqualTo(0020000);
    assertThat(files.get("a/gone").device()).isZero();
    Map<String, String> opaque = Map.of("trusted.overlay.opaque", "y");
    assertThat(files.get("b").xattrs()).isEqualTo(opaque);
    assertThat(files.get("back").xattrs()).isEqualTo(opaque);
    assertThat(files.get("a").xattrs()).isEqualTo(Map.of("trusted.overlay.origin", ""));
    assertThat(files.get("kept").text()).isEqualTo("kept");
    assertThat(files).containsKey(".wh.directory").doesNotContainKey(".wh..wh.plnk");
  }

  @Test
  void laterEntriesReplaceAndLinksOnTheWayAreFollowedInside() throws Exception {
    Map<String, ErofsReader.File> files =
        convert(
            new TarBuilder()
                .symbolicLink("etc", "/host")
                .file("etc/passwd", "inside")
                .file("f", "old")
                .file("f", "new")
                .file("was/file", "")
                .file("was", "replaced")
                .hardLink("early", "late")
                .file("late", "late"));
    assertThat(files.get("etc").text()).isEqualTo("/host");
    assertThat(files.get("host/passwd").text()).isEqualTo("inside");
    assertThat(files.get("f").text()).isEqualTo("new");
    assertThat(files.get("was").text()).isEqualTo("replaced");
    assertThat(files.get("early").nid()).isEqualTo(files.get("late").nid());
  }

  @Test
  void extractsToTheTreeThatGnuTarPacked() throws Exception {
    Path tree = Files.createDirectories(dir.resolve("tree/many"));
    for (int i = 0; i < 20_000; i++) {
      Files.writeString(tree.resolve("file-" + i), "content " + i);
    }
    Files.writeString(dir.resolve("tree/gr\u00fc\u00dfe"), "utf-8");
    Path archive = dir.resolve("t.tar");
    Conversion.run("tar", "-cf", archive.toString(), "-C", dir.resolve("tree").toString(), ".");
    byte[] tar = Files.readAllBytes(archive);
    Path image = Conversion.image(dir, tar, tar);
    Path out = dir.resolve("out");
    Conversion.run("fsck.erofs", "--extract=" + out, image.toString());
    Conversion.run("diff", "-r", dir.resolve("tree").toString(), out.toString());
  }

  @Test
  void keepsTimesOfEveryAgeAndAttributesOfLibarchive() throws Exception {
    Map<String, ErofsReader.File> files =
        convert(
            new TarBuilder()
                .pax(Map.of("mtime", "7956915742.000000001"))
                .file("late", "")
                .pax(Map.of("mtime", "-446752800"))
                .file("early", "")
                .pax(Map.of("LIBARCHIVE.xattr.user.a%20b+", "AP8B"))
                .file("attributes", ""));
    assertThat(files.get("late").mtime()).isEqualTo(7_956_915_742L);
    assertThat(files.get("late").nanos()).isEqualTo(1);
    assertThat(files.get("early").mtime()).isEqualTo(-446_752_800L);
    assertThat(files.get("attributes").xattrs()).isEqualTo(Map.of("user.a b+", "\0\u00ff\1"));
  }

  @Test
  void keepsWhatEveryFormatOfGnuTarCanSay() throws Exception {
    String name = "n".repeat(60) + "/" + "p".repeat(60) + "/" + "m".repeat(90);
    Path file = dir.resolve("formats/" + name);
    Files.createDirectories(dir.resolve("formats/" + name.substring(0, 121)));
    Files.writeString(file, "content");
    Path large = dir.resolve("formats/large");
    Conversion.run("truncate", "-s", "5G", large.toString());
    Conversion.run("chown", "3000000:4000000", large.toString());
    for (String format : new String[] {"gnu", "posix", "ustar"}) {
      Path archive = dir.resolve(format + ".tar");
      Conversion.run(
          "tar",
          "-cf",
          "" + archive,
          "--format=" + format,
          format.equals("ustar") ? "--exclude=large" : "--sparse",
          "-C",
          "" + dir.resolve("formats"),
          ".");
      byte[] tar = Files.readAllBytes(archive);
      Path image = Conversion.image(dir, tar, tar);
      String listing = Conversion.run("dump.erofs", "--path=/" + name, "" + image);
      assertThat(listing).as(format).contains("Size: 7 ");
      if (!format.equals("ustar")) {
        assertThat(Conversion.run("dump.erofs", "--path=/large", "" + image))
            .contains("Size: 5368709120 ")
            .contains("Uid: 3000000   Gid: 4000000");
      }
    }
  }

  @Test
  void anArchiveWithoutItsEndMarkIsWhole() throws Exception {
    byte[] tar = new TarBuilder().file("f", "x".repeat(5000)).build();
    byte[] unmarked = Arrays.copyOf(tar, tar.length - 1024);
    assertThat(Conversion.convert(dir, unmarked).get("f").text()).hasSize(5000);
  }

  @Test
  void keepsSparseFilesOfEveryFormatSparse() throws Exception {
    Path sparse = dir.resolve("sparse");
    Conversion.run(
        "sh",
        "-c",
        "truncate -s 20M $0; printf mid | dd of=$0 bs=1M seek=7 conv=notrunc",
        "" + sparse);
    for (String format : new String[] {"gnu", "pax", "0.0", "0.1"}) {
      Path archive = dir.resolve(format + ".tar");
      String[] options =
          format.startsWith("0")
              ? new String[] {"--format=pax", "--sparse-version=" + format}
              : new String[] {"--format=" + format, "--sparse"};
      Conversion.run(
          "tar", "-cf", "" + archive, options[0], options[1], "--sparse", "-C", "" + dir, "sparse");
      byte[] tar = Files.readAllBytes(archive);
      assertThat(tar.length).isLessThan(1 << 20);
      Path image = Conversion.image(dir, tar, tar);
      assertThat(ErofsReader.read(image).get("sparse").content())
          .as(format)
          .isEqualTo(Files.readAllBytes(sparse));
      long blocks = ((Number) Files.getAttribute(image, "unix:size")).longValue();
      assertThat(blocks).isGreaterThan(20 << 20);
      String kib = Conversion.run("du", "-k", "" + image).split("\t", 2)[0];
      assertThat(Integer.parseInt(kib)).isLessThan(1024);
    }
  }

  @Test
  void readsGzipAndZstdOfSeveralParts() throws Exception {
    byte[] tar = new TarBuilder().file("f", "x".repeat(5000)).build();
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    for (int half = 0; half < 2; half++) {
      try (GZIPOutputStream member = new GZIPOutputStream(gzip)) {
        member.write(tar, half * tar.length / 2, tar.length / 2);
      }
    }
    ByteArrayOutputStream zstd = new ByteArrayOutputStream();
    byte[] skippable = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    zstd.writeBytes(skippable);
    zstd.writeBytes(Zstd.compress(Arrays.copyOf(tar, 700)));
    zstd.writeBytes(Zstd.compress(Arrays.copyOfRange(tar, 700, tar.length)));
    zstd.writeBytes(skippable);
    for (byte[] blob : new byte[][] {gzip.toByteArray(), Zstd.compress(tar), zstd.toByteArray()}) {
      Path image = Conversion.image(dir, blob, tar);
      assertThat(ErofsReader.read(image).get("f").text()).isEqualTo("x".repeat(5000));
    }
  }
}
