package io.boxlite.image.internal.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.erofs.ErofsReader;
import io.boxlite.image.internal.tar.TarBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LowerLayersTest {
  private static final byte[] NONE = {};
  private static final Map<String, String> OPAQUE = Map.of("trusted.overlay.opaque", "y");

  @TempDir private Path dir;

  /// Converts layers as the store does: without those below first, and with them where that was
  /// wrong.
  ///
  /// @return the images, lowest first
  private List<Path> convert(TarBuilder... tars) throws Exception {
    List<Path> images = new ArrayList<>();
    for (TarBuilder builder : tars) {
      byte[] tar = builder.build();
      Conversion.Layer layer = Conversion.layer(dir, tar, tar, LowerFiles.NONE);
      Assumptions assumptions = Assumptions.decode(layer.assumptions().encode());
      try (LowerFiles lower = LowerFiles.open(images)) {
        if (!assumptions.isEmpty() && !assumptions.hold(lower)) {
          layer = Conversion.layer(dir, tar, tar, lower);
          assertThat(layer.assumptions().isEmpty()).isTrue();
        }
      }
      images.add(layer.image());
    }
    return images;
  }

  private Map<String, ErofsReader.File> top(TarBuilder... tars) throws Exception {
    return ErofsReader.read(convert(tars).getLast());
  }

  private Assumptions assumed(TarBuilder tar) throws Exception {
    byte[] bytes = tar.build();
    return Conversion.layer(dir, bytes, bytes, LowerFiles.NONE).assumptions();
  }

  private void assertRefused(String reason, TarBuilder... tars) {
    assertThatThrownBy(() -> convert(tars))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  private static TarBuilder base() {
    return new TarBuilder()
        .pax(Map.of("mtime", "77.5", "SCHILY.xattr.user.a", "b"))
        .entry('5', "usr", "", 0750, 7, 8, 0, 0, NONE)
        .entry('5', "usr/bin", "", 0711, 1, 2, 0, 0, NONE)
        .file("usr/bin/tool", "tool")
        .symbolicLink("bin", "usr/bin")
        .symbolicLink("abs", "/usr/../usr/./bin/")
        .symbolicLink("out", "../../../usr")
        .symbolicLink("loop", "loop")
        .entry('3', "zero", "", 0600, 0, 0, 1, 5, NONE);
  }

  @Test
  void aLayerWithAllItsParentsAssumesNothing() throws Exception {
    TarBuilder tar = new TarBuilder().directory("usr").directory("usr/bin").file("usr/bin/x", "");
    assertThat(assumed(tar).isEmpty()).isTrue();
    assertThat(assumed(new TarBuilder().file("x", "").file(".wh.y", "")).isEmpty()).isTrue();
  }

  @Test
  void directoriesThatTheArchiveOmitsAreThoseBelow() throws Exception {
    Map<String, ErofsReader.File> files =
        top(
            base(),
            new TarBuilder().file("unrelated", ""),
            new TarBuilder().file("usr/bin/x", "x").file("usr/new/y", "y"));
    assertThat(files.get("usr").mode()).isEqualTo(0040750);
    assertThat(files.get("usr").uid()).isEqualTo(7);
    assertThat(files.get("usr").mtime()).isEqualTo(77);
    assertThat(files.get("usr").nanos()).isEqualTo(500_000_000);
    assertThat(files.get("usr").xattrs()).isEqualTo(Map.of("user.a", "b"));
    assertThat(files.get("usr/bin").mode()).isEqualTo(0040711);
    assertThat(files.get("usr/new").mode()).isEqualTo(0040755);
  }

  @Test
  void omittedDirectoriesThatAreNotBelowHold() throws Exception {
    Assumptions assumptions = assumed(new TarBuilder().file("opt/a/b", ""));
    try (LowerFiles lower = LowerFiles.open(convert(base()))) {
      assertThat(assumptions.isEmpty()).isFalse();
      assertThat(assumptions.hold(lower)).isTrue();
      assertThat(assumed(new TarBuilder().file("usr/x", "")).hold(lower)).isFalse();
    }
  }

  @Test
  void anOmittedDirectoryThatComesLaterOnlyMustNotBeALink() throws Exception {
    TarBuilder usr = new TarBuilder().file("usr/x", "").directory("usr");
    TarBuilder bin = new TarBuilder().file("bin/x", "").directory("bin");
    try (LowerFiles lower = LowerFiles.open(convert(base()))) {
      assertThat(assumed(usr).hold(lower)).isTrue();
      assertThat(assumed(bin).hold(lower)).isFalse();
    }
    assertThat(top(base(), bin)).containsKeys("usr/bin/x", "bin").doesNotContainKey("bin/x");
  }

  @Test
  void linksOfLowerLayersAreFollowedInside() throws Exception {
    Map<String, ErofsReader.File> files =
        top(
            base(),
            new TarBuilder()
                .file("bin/a", "a")
                .file("abs/b", "b")
                .file("out/c", "c")
                .file("bin/.wh.tool", ""));
    assertThat(files).containsKeys("usr/bin/a", "usr/bin/b", "usr/c", "usr/bin/tool");
    assertThat(files).doesNotContainKeys("bin", "abs", "out");
    assertThat(files.get("usr/bin/tool").mode()).isEqualTo(0020000);
    assertThat(files.get("usr/bin").mode()).isEqualTo(0040711);
    assertRefused("unsafe_path", base(), new TarBuilder().file("loop/x", ""));
    assertRefused("unsafe_path", new TarBuilder().symbolicLink("l", "l").file("l/x", ""));
  }

  @Test
  void whatALayerHasHidesWhatIsBelow() throws Exception {
    TarBuilder links =
        new TarBuilder().directory("bin").file("bin/x", "").symbolicLink("usr", "elsewhere");
    assertThat(top(base(), links, new TarBuilder().file("usr/y", "").file("bin/z", "")))
        .containsKeys("elsewhere/y", "bin/z");
    Map<String, ErofsReader.File> whiteout =
        top(base(), new TarBuilder().file(".wh.usr", ""), new TarBuilder().file("usr/x", ""));
    assertThat(whiteout.get("usr").mode()).isEqualTo(0040755);
    Map<String, ErofsReader.File> opaque =
        top(
            base(),
            new TarBuilder().directory("usr").file("usr/.wh..wh..opq", ""),
            new TarBuilder().file("usr/bin/x", ""));
    assertThat(opaque.get("usr/bin").mode()).isEqualTo(0040755);
    assertThat(opaque.get("usr").xattrs()).isEmpty();
    assertThat(opaque.get("usr").mode()).isEqualTo(0040755);
    assertThat(top(base(), new TarBuilder().file("zero/x", "")).get("zero/x").text()).isEmpty();
  }

  @Test
  void hardLinksToFilesOfLowerLayersBringThemUp() throws Exception {
    TarBuilder large =
        new TarBuilder()
            .entry('0', "etc/large", "", 04711, 5, 6, 0, 0, "x".repeat(300_000).getBytes())
            .file("etc/small", "small");
    Map<String, ErofsReader.File> files =
        top(
            base(),
            large,
            new TarBuilder()
                .hardLink("a", "etc/large")
                .hardLink("b", "etc/large")
                .hardLink("c", "bin/tool")
                .hardLink("d", "bin")
                .hardLink("e", "zero"));
    assertThat(files.get("a").text()).isEqualTo("x".repeat(300_000));
    assertThat(files.get("a").mode()).isEqualTo(0104711);
    assertThat(files.get("a").links()).isEqualTo(3);
    assertThat(files.get("a").nid()).isEqualTo(files.get("etc/large").nid());
    assertThat(files.get("b").nid()).isEqualTo(files.get("a").nid());
    assertThat(files.get("c").nid()).isEqualTo(files.get("usr/bin/tool").nid());
    assertThat(files.get("d").text()).isEqualTo("usr/bin");
    assertThat(files.get("e").device()).isEqualTo(0x105);
  }

  @Test
  void hardLinksToNothingAreRefusedOnceTheLayersBelowAreKnown() {
    assertRefused("invalid_archive", new TarBuilder().hardLink("l", "missing"));
    assertRefused("invalid_archive", base(), new TarBuilder().hardLink("l", "usr"));
    assertRefused("invalid_archive", base(), new TarBuilder().hardLink("l", "/"));
    assertRefused(
        "invalid_archive", base(), new TarBuilder().hardLink("a", "b").hardLink("b", "a"));
    assertRefused(
        "invalid_archive",
        base(),
        new TarBuilder().file(".wh.zero", ""),
        new TarBuilder().hardLink("l", "zero"));
    assertRefused(
        "invalid_archive", base(), new TarBuilder().file(".wh.zero", "").hardLink("l", "zero"));
  }

  @Test
  void aHardLinkBeforeItsTargetMeansTheFileBelow() throws Exception {
    TarBuilder tar = new TarBuilder().directory("usr").hardLink("l", "usr/f").file("usr/f", "new");
    TarBuilder below = new TarBuilder().directory("usr").file("usr/f", "old");
    assertThat(top(below, tar).get("l").text()).isEqualTo("old");
    assertThat(top(below, tar).get("usr/f").text()).isEqualTo("new");
    assertThat(top(base(), tar).get("l").text()).isEqualTo("new");
  }

  @Test
  void anOpaqueRootHidesEachFileBelow() throws Exception {
    TarBuilder tar = new TarBuilder().directory("usr").file("usr/x", "").file(".wh..wh..opq", "");
    Map<String, ErofsReader.File> files = top(base(), tar);
    assertThat(files.get("usr").xattrs()).isEqualTo(OPAQUE);
    assertThat(files.get("bin").mode()).isEqualTo(0020000);
    try (LowerFiles nothing = LowerFiles.open(List.of())) {
      assertThat(assumed(tar).hold(nothing)).isTrue();
    }
  }

  @Test
  void damagedAssumptionsNeverHold() throws Exception {
    byte[] good = assumed(new TarBuilder().file("opt/a", "")).encode();
    for (int length = 0; length < good.length; length++) {
      try (LowerFiles nothing = LowerFiles.open(List.of())) {
        byte[] cut = java.util.Arrays.copyOf(good, length);
        assertThat(Assumptions.decode(cut).hold(nothing)).isFalse();
        assertThat(Assumptions.decode(cut).isEmpty()).isFalse();
      }
    }
  }

  @Test
  void findsFilesInDirectoriesOfManyBlocks() throws Exception {
    TarBuilder tar = new TarBuilder();
    for (int i = 0; i < 2000; i++) {
      tar.file("d/file-" + i, "" + i);
    }
    try (LowerFiles lower = LowerFiles.open(convert(tar))) {
      for (int i = 0; i < 2000; i++) {
        var file = lower.lookup(List.of("d", "file-" + i)).orElseThrow();
        assertThat(new String(file.content())).isEqualTo("" + i);
      }
      for (String absent : new String[] {"", "a", "file-", "file-20000", "z"}) {
        assertThat(lower.lookup(List.of("d", absent))).isEmpty();
      }
      assertThat(lower.rootNames()).containsExactly("d");
      assertThat(lower.lookup(List.of("d")).orElseThrow().names()).hasSize(2000);
    }
  }
}
