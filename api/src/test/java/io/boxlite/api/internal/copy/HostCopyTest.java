package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.StorageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HostCopyTest {
  private static final CopyOptions DEFAULT = CopyOptions.DEFAULT;

  private @TempDir Path directory;
  private Path outside;
  private Path target;

  @BeforeEach
  void make() throws IOException {
    outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "kept");
    target = directory.resolve("target");
  }

  private record Entry(char type, String name, String link, int mode, String content) {}

  private static Entry file(String name) {
    return new Entry('0', name, "", 0644, "1");
  }

  private static Entry link(char type, String name, String to) {
    return new Entry(type, name, to, 0777, "");
  }

  private static Entry dir(String name) {
    return new Entry('5', name, "", 0755, "");
  }

  private static byte[] tar(List<Entry> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Entry e : entries) {
      byte[] content = e.content.getBytes(UTF_8);
      out.writeBytes(
          new PaxHeader(e.type, e.name, e.link, e.mode, content.length, Instant.EPOCH).toBytes());
      out.writeBytes(content);
      out.writeBytes(new byte[-content.length & 511]);
    }
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  private TarUnpacker unpack(boolean renameTop, Entry... entries) {
    TarUnpacker unpacker = new TarUnpacker(target, true, renameTop);
    unpacker.unpack(new ByteArrayInputStream(tar(List.of(entries))));
    return unpacker;
  }

  static Stream<List<Entry>> hostile() {
    String out = "OUTSIDE";
    return Stream.of(
        List.of(dir("d"), file("d/../../outside/x")),
        List.of(file("../outside/x")),
        List.of(dir("d"), link('2', "d/l", out), file("d/l/x")),
        List.of(dir("d"), link('2', "d/l", "../../outside"), file("d/l/x")),
        List.of(dir("d"), link('2', "d/l", out + "/x"), file("d/l")),
        List.of(dir("d"), link('2', "d/l", out), dir("d/l"), file("d/l/x")),
        List.of(dir("d"), link('2', "d/l", out), dir("d/l/sub")),
        List.of(dir("d"), link('2', "d/l", out), link('1', "d/h", "d/l/kept"), file("d/h")),
        List.of(dir("d"), link('1', "d/h", "../outside/kept"), file("d/h")),
        List.of(dir("d"), link('1', "d/h", out + "/kept"), file("d/h")),
        List.of(link('2', "d", out), file("d/x")),
        List.of(link('2', ".", out), file("x")),
        List.of(file("d"), dir("d"), file("d/x")));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void nothingOutsideOfTheTargetIsTouched(List<Entry> template) throws IOException {
    List<Entry> entries =
        template.stream()
            .map(e ->
                new Entry(
                    e.type,
                    e.name,
                    e.link.replace("OUTSIDE", outside.toString()),
                    e.mode,
                    e.content))
            .toList();
    for (boolean exists : List.of(false, true)) {
      for (boolean rename : List.of(false, true)) {
        if (exists) {
          Files.createDirectories(target);
        }
        try {
          unpack(rename, entries.toArray(Entry[]::new));
        } catch (StorageException e) {
          assertThat(e.reason()).isEqualTo("copy_failed");
        }
        assertThat(outside.resolve("kept")).hasContent("kept");
        try (Stream<Path> all = Files.list(outside)) {
          assertThat(all).hasSize(1);
        }
        try (Stream<Path> all = Files.list(directory)) {
          assertThat(all.map(p -> p.getFileName().toString())).isSubsetOf("outside", "target");
        }
        delete(target);
      }
    }
  }

  private static void delete(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> files = Files.list(path)) {
        for (Path file : files.toList()) {
          delete(file);
        }
      }
    }
    Files.deleteIfExists(path);
  }

  @Test
  void onlyFileBecomesTheTargetOrGoesInside() throws IOException {
    unpack(false, file("a"));
    assertThat(target).hasContent("1");
    Files.delete(target);
    unpack(false, file("a"), file("b"));
    assertThat(target.resolve("a")).hasContent("1");
    unpack(false, file("c"));
    assertThat(target.resolve("c")).hasContent("1");
  }

  @Test
  void directoryBecomesTheTargetOrGoesInside() throws IOException {
    unpack(true, dir("d"), file("d/a"));
    assertThat(target.resolve("a")).hasContent("1");
    unpack(true, dir("d"), file("d/a"));
    assertThat(target.resolve("d/a")).hasContent("1");
  }

  @Test
  void setIdBitsAndDevicesAreDropped() throws IOException {
    TarUnpacker done =
        unpack(false, dir("d"), new Entry('0', "d/a", "", 06755, "1"), link('3', "d/dev", ""));
    assertThat(Files.getAttribute(target.resolve("d/a"), "unix:mode")).isEqualTo(0100755);
    assertThat(done.skipped()).singleElement().asString().contains("d/dev");
  }

  @Test
  void targetThatExistsIsRefusedWithoutOverwrite() throws IOException {
    Files.createDirectory(target);
    TarUnpacker unpacker = new TarUnpacker(target, false, true);
    assertThatThrownBy(() -> unpacker.unpack(new ByteArrayInputStream(tar(List.of(file("a"))))))
        .hasMessageContaining("destination " + target + " exists and overwrite=false");
  }

  @Test
  void archiveThatBreaksOffLeavesNoPartOfAFile() {
    byte[] tar = tar(List.of(new Entry('0', "a", "", 0644, "x".repeat(5000))));
    TarUnpacker unpacker = new TarUnpacker(target, true, true);
    assertThatThrownBy(() -> unpacker.unpack(new ByteArrayInputStream(tar, 0, 1000)))
        .isInstanceOf(StorageException.class);
    TarUnpacker single = new TarUnpacker(target, true, false);
    assertThatThrownBy(() -> single.unpack(new ByteArrayInputStream(tar, 0, 1000)))
        .isInstanceOf(StorageException.class);
  }

  @Test
  void whatIsPackedIsUnpackedTheSame() throws Exception {
    Path source = Files.createDirectory(directory.resolve("source"));
    String longName = "n".repeat(200) + "-äöü";
    Files.writeString(source.resolve("a"), "content");
    Files.setLastModifiedTime(
        source.resolve("a"), FileTime.from(Instant.ofEpochSecond(981173106, 123456789)));
    Files.createDirectory(source.resolve("d"));
    Files.writeString(source.resolve("d").resolve(longName), "x".repeat(512));
    Files.createFile(source.resolve("empty"));
    Files.createSymbolicLink(source.resolve("l"), Path.of("/nowhere"));
    Files.createLink(source.resolve("hard"), source.resolve("a"));
    try (RandomAccessFile sparse = new RandomAccessFile(source.resolve("s").toFile(), "rw")) {
      sparse.setLength(100_000_000);
    }
    TarUnpacker unpacker = new TarUnpacker(target, true, true);
    try (TarPacker tar = TarPacker.of(source, DEFAULT, false)) {
      unpacker.unpack(tar);
    }
    assertThat(target.resolve("a")).hasContent("content");
    assertThat(Files.getLastModifiedTime(target.resolve("a")).toInstant())
        .isEqualTo(Instant.ofEpochSecond(981173106, 123456789));
    assertThat(target.resolve("d").resolve(longName)).hasSize(512);
    assertThat(target.resolve("empty")).isEmptyFile();
    assertThat(Files.readSymbolicLink(target.resolve("l"))).hasToString("/nowhere");
    assertThat(Files.isSameFile(target.resolve("a"), target.resolve("hard"))).isTrue();
    assertThat(target.resolve("s")).hasSize(100_000_000);
    Process du = new ProcessBuilder("du", "-k", target.resolve("s").toString()).start();
    String used = new String(du.getInputStream().readAllBytes(), UTF_8);
    assertThat(Long.parseLong(used.split("\\s")[0])).isLessThan(1000);
  }

  /// What a box does that can write to the target: by the time that some bytes were read.
  private static InputStream disturbed(byte[] tar, int after, Swap swap) {
    return new FilterInputStream(new ByteArrayInputStream(tar)) {
      private int position;

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        if (position == after) {
          position = Integer.MAX_VALUE;
          swap.run();
        }
        int most = position < after ? Math.min(length, after - position) : length;
        int count = super.read(buffer, offset, most);
        position += position <= after ? count : 0;
        return count;
      }
    };
  }

  private interface Swap {
    void run() throws IOException;
  }

  @Test
  void directoryThatBecomesALinkMeanwhileIsNotFollowed() throws IOException {
    byte[] first = tar(List.of(dir("d"), file("d/a")));
    byte[] tar = tar(List.of(dir("d"), file("d/a"), file("d/kept"), file("d/e/x")));
    Files.createDirectory(target);
    Path d = target.resolve("d");
    new TarUnpacker(target, true, false)
        .unpack(
            disturbed(
                tar,
                first.length - 1024,
                () -> {
                  Files.move(d, target.resolve("away"));
                  Files.createSymbolicLink(d, outside);
                }));
    assertThat(outside.resolve("kept")).hasContent("kept");
    assertThat(outside.resolve("e")).doesNotExist();
    assertThat(target.resolve("away/kept")).hasContent("1");
  }

  @Test
  void fileThatBecomesALinkMeanwhileDoesNotGiveAwayItsMode() throws IOException {
    Path kept = outside.resolve("kept");
    Files.setPosixFilePermissions(kept, PosixFilePermissions.fromString("rw-------"));
    byte[] tar = tar(List.of(new Entry('0', "a", "", 0777, "x".repeat(100_000))));
    Files.createDirectory(target);
    Path a = target.resolve("a");
    new TarUnpacker(target, true, false)
        .unpack(
            disturbed(
                tar,
                tar.length - 2048,
                () -> {
                  Files.delete(a);
                  Files.createSymbolicLink(a, kept);
                }));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
        .isEqualTo("rw-------");
    assertThat(kept).hasContent("kept");
  }

  @Test
  void directoryThatBecomesALinkWhileItIsPackedIsNotFollowed() throws IOException {
    Path source = Files.createDirectory(directory.resolve("source"));
    Path d = Files.createDirectory(source.resolve("d"));
    Files.writeString(d.resolve("kept"), "mine");
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (TarPacker tar = TarPacker.of(source, DEFAULT, true)) {
      int headers = 2 * new PaxHeader('5', "d/", "", 0755, 0, Instant.now()).toBytes().length;
      packed.write(tar.readNBytes(headers)); // of the source and of d
      Files.move(d, source.resolve("away"));
      Files.createSymbolicLink(d, outside);
      tar.transferTo(packed);
    }
    new TarUnpacker(target, true, true).unpack(new ByteArrayInputStream(packed.toByteArray()));
    assertThat(target.resolve("d/kept")).hasContent("mine");
  }

  @Test
  void targetThatBecomesALinkMeanwhileIsNotFollowed() throws IOException {
    Files.createDirectory(target);
    Path away = directory.resolve("away");
    new TarUnpacker(target, true, false)
        .unpack(
            disturbed(
                tar(List.of(file("kept"), dir("d"))),
                0,
                () -> {
                  Files.move(target, away);
                  Files.createSymbolicLink(target, outside);
                }));
    assertThat(outside.resolve("kept")).hasContent("kept");
    assertThat(outside.resolve("d")).doesNotExist();
    assertThat(away.resolve("kept")).hasContent("1");
  }

  @Test
  void targetThatIsALinkIsTheUsersWord() throws IOException {
    Path there = Files.createDirectory(directory.resolve("there"));
    Files.createSymbolicLink(target, there);
    unpack(false, file("a"));
    assertThat(there.resolve("a")).hasContent("1");
    target = target.resolve("new/newer/");
    unpack(false, dir("d"), file("d/a"));
    assertThat(there.resolve("new/newer/d/a")).hasContent("1");
  }

  @Test
  void sourceThatIsALinkIsWhereItLeadsOnlyWithADotBehindIt() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), outside);
    try (TarPacker tar = TarPacker.of(link.resolve("."), DEFAULT, true)) {
      assertThat(tar.isDirectory()).isTrue();
    }
    try (TarPacker tar = TarPacker.of(link, DEFAULT, true)) {
      assertThat(tar.isDirectory()).isFalse();
    }
    assertThatThrownBy(() -> HeldFile.directory(link, false))
        .isInstanceOf(NotDirectoryException.class);
    HeldFile.directory(link, true).close();
  }

  @Test
  void nameThatEndsInDotsIsThatOfAFile() throws IOException {
    target = directory.resolve("foo..");
    unpack(false, file("a"));
    assertThat(target).hasContent("1");
  }

  @Test
  void nameThatNoProgramCouldUseIsRefused() {
    String deep = "d/".repeat(2040) + "x";
    assertThatThrownBy(() -> unpack(false, dir("e"), file(deep)))
        .hasMessageContaining("the archive is hostile: a name of");
    assertThat(target.resolve("d")).doesNotExist();
  }

  @Test
  void archiveIsPassedOnByteForByteAndWhatWasSkippedIsTold() throws IOException {
    byte[] tar =
        tar(
            List.of(
                new Entry('0', "a", "", 0644, "x".repeat(200_000)),
                new Entry('g', "g", "", 0644, "32 comment=boxlite: it is a dev\n"),
                new Entry('g', "g", "", 0644, "25 comment=somebody else\n"),
                file("b")));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SkipList skipped = new SkipList();
    HostCopy.pass(new ByteArrayInputStream(tar), out, skipped);
    assertThat(out.toByteArray()).isEqualTo(tar);
    assertThat(skipped.toList()).containsExactly("it is a dev");
  }

  @Test
  void linksAreFollowedOnlyWhenThatIsWanted() throws IOException {
    Path source = Files.createDirectory(directory.resolve("source"));
    Files.createSymbolicLink(source.resolve("l"), outside.resolve("kept"));
    Files.createSymbolicLink(source.resolve("loop"), source);
    try (TarPacker tar = TarPacker.of(source, new CopyOptions(true, true, true, true), false)) {
      new TarUnpacker(target, true, true).unpack(tar);
      assertThat(tar.skipped()).singleElement().asString().contains("loop");
    }
    assertThat(Files.isSymbolicLink(target.resolve("l"))).isFalse();
    assertThat(target.resolve("l")).hasContent("kept");
  }

  @Test
  void whatCannotBePackedIsRefused() {
    assertThatThrownBy(() -> TarPacker.of(directory.resolve("none"), DEFAULT, false))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(
            () -> TarPacker.of(outside, new CopyOptions(false, true, false, true), false))
        .isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> TarPacker.of(Path.of("/dev/null"), DEFAULT, false))
        .isInstanceOf(ConfigException.class);
  }
}
