package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.CopyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathBytesTest {
  /// Neither UTF-8 nor ASCII.
  private static final String ODD = "odd-\u00ff\u0080 %2f";

  private static final String UMLAUT = new String("\u00e4".getBytes(UTF_8), ISO_8859_1);

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {ODD, "/", "/a/" + ODD, "a/../../b", "..", ".", "/tmp", "/proc/self/."})
  void pathHasTheBytesThatItWasMadeOf(String bytes) throws IOException {
    assertThat(PathBytes.of(PathBytes.path(bytes))).isEqualTo(bytes);
    assertThat(PathBytes.path(bytes)).isEqualTo(PathBytes.path(bytes));
  }

  @Test
  void lastElementIsFoundWhateverItIs() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
    assertThat(PathBytes.name(link)).isEqualTo("link");
    assertThat(PathBytes.name(directory.resolve(PathBytes.path(ODD)))).isEqualTo(ODD);
    assertThat(PathBytes.of(PathBytes.path("a/"))).isEqualTo("a");
    assertThat(PathBytes.of(Path.of(""))).isEmpty();
    assertThat(PathBytes.path("")).isEqualTo(Path.of(""));
    assertThatThrownBy(() -> PathBytes.path("a\0b")).isInstanceOf(IOException.class);
  }

  /// The child is where `main` below runs.
  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void everyNameIsCopiedWhateverTheLocale(String locale) throws Exception {
    Path source = Files.createDirectory(directory.resolve("source"));
    for (String name : List.of(ODD, UMLAUT)) {
      Path inside = Files.createDirectory(source.resolve(PathBytes.path(name)));
      Files.writeString(inside.resolve(PathBytes.path("file-" + name)), "content");
      Files.createSymbolicLink(
          source.resolve(PathBytes.path("link-" + name)), PathBytes.path("../to-" + name));
    }
    Path target = directory.resolve("target");
    ProcessBuilder child =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xshare:auto",
            "-cp",
            classes(TarPacker.class) + ":" + classes(PathBytesTest.class),
            PathBytesTest.class.getName() + "$Copy",
            source.toString(),
            target.toString());
    child.environment().put("LC_ALL", locale);
    child.redirectErrorStream(true);
    Process process = child.start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    for (String name : List.of(ODD, UMLAUT)) {
      assertThat(target.resolve(PathBytes.path(name + "/file-" + name))).hasContent("content");
      Path link = target.resolve(PathBytes.path("link-" + name));
      assertThat(PathBytes.of(Files.readSymbolicLink(link))).isEqualTo("../to-" + name);
    }
    assertThat(said).contains("skipped: []");
  }

  private static Path classes(Class<?> of) throws Exception {
    return Path.of(of.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  static final class Copy {
    private Copy() {}

    public static void main(String[] args) {
      TarUnpacker unpacker = new TarUnpacker(Path.of(args[1]), true, true);
      try (TarPacker tar = TarPacker.of(Path.of(args[0]), CopyOptions.DEFAULT, false)) {
        unpacker.unpack(tar);
        System.out.println("skipped: " + tar.skipped());
      }
    }
  }
}
