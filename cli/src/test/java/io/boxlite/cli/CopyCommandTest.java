package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.CopyOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CopyCommandTest {
  @TempDir Path directory;
  private final CommandLineHarness cli = new CommandLineHarness();

  @BeforeEach
  void makeBox() {
    cli.boxlite.with("01A", "box1", BoxStatus.RUNNING);
  }

  private FakeBoxlite.Copied copied() {
    return Objects.requireNonNull(cli.boxlite.copied);
  }

  private void ok(String... arguments) {
    assertThat(cli.run(arguments)).as(cli::err).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "box1:/x, /x",
    "box1:x, x",
    "box1:/with:colon, /with:colon",
    "box1::/x, :/x",
    "box1:-, -",
    "01A:/x, /x",
  })
  void boxAndPathAreSplitAtTheFirstColon(String target, String path) throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "text");
    ok("cp", file.toString(), target);
    assertThat(copied().path()).isEqualTo(path);
    assertThat(copied().options()).isEqualTo(CopyOptions.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a:b", "box1:x"})
  void hostPathWithColonIsOneWhenASlashComesFirst(String name) throws IOException {
    Path file = Files.writeString(directory.resolve(name), "text");
    ok("cp", file.toString(), "box1:/in");
    Files.delete(file);
    ok("cp", "box1:/out", file.toString());
    assertThat(copied().path()).isEqualTo("/out");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "cp ./a:b box1:/x => './a:b': no such file or directory",
        "cp ../a:b box1:/x => '../a:b': no such file or directory",
        "cp ./- box1:/x => './-': no such file or directory",
        "cp :/a box1:/x => ':/a': no such file or directory",
        "cp a:b box1:/x => copy between boxes is not supported (both SRC and DST reference a box)",
        "cp box1:/a box1:/b => copy between boxes is not supported",
        "cp /a /b => at least one of SRC or DST must reference a box (format BOX:PATH)",
        "cp - ./a:b => at least one of SRC or DST must reference a box (format BOX:PATH)",
        "cp - - => at least one of SRC or DST must reference a box (format BOX:PATH)",
        "cp box1: /b => source path cannot be empty",
        "cp /a box1: => destination path cannot be empty",
        "cp nobox:/a /b => box 'nobox' not found",
        "cp box1:/nothing /b => no such file",
      })
  void whatCannotBeCopiedIsRefused(String line, String message) {
    assertThat(cli.run(line.split(" "))).isEqualTo(1);
    assertThat(cli.err()).startsWith("Error: ").contains(message).hasLineCount(1);
    assertThat(cli.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "cp box1:/a => cp needs SRC and DST",
        "cp box1:/a /b /c => cp needs SRC and DST",
        "cp --include-parent=no /a box1:/b => --include-parent must be true or false, not 'no'",
        "cp --nope /a box1:/b => --nope",
      })
  void wrongUseExitsWith2(String line, String message) {
    assertThat(cli.run(line.split(" "))).isEqualTo(2);
    assertThat(cli.err()).startsWith("Error: ").contains(message).hasLineCount(1);
  }

  @Test
  void flagsBecomeOptions() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "text");
    ok("cp", "-L", "--no-overwrite", "--include-parent=true", file.toString(), "box1:/x");
    assertThat(copied().options()).isEqualTo(new CopyOptions(true, false, true, true));
    ok("cp", "--include-parent", file.toString(), "box1:/x");
    assertThat(copied().options()).isEqualTo(CopyOptions.DEFAULT);
  }

  @Test
  void streamGoesIntoADirectoryAndComesOutAsItIs() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "text");
    ok("cp", file.toString(), "box1:/x");
    byte[] tar = copied().tar();
    cli.stdin = tar;
    ok("cp", "-", "box1:/d");
    assertThat(copied().path()).isEqualTo("/d/");
    assertThat(copied().tar()).isEqualTo(tar);
    ok("cp", "box1:/x", "-");
    assertThat(((ByteArrayOutputStream) cli.stdout).toByteArray()).isEqualTo(tar);
  }

  @Test
  void tarIsNotWrittenToATerminal() {
    cli.terminal.present = true;
    assertThat(cli.run("cp", "box1:/x", "-")).isEqualTo(1);
    assertThat(cli.err()).contains("a tar is not written to a terminal");
  }

  @Test
  void whatWasSkippedIsWarnedOf() throws IOException {
    cli.boxlite.skipped = List.of("/x/dev was skipped: it is a device");
    Path file = Files.writeString(directory.resolve("f"), "text");
    ok("cp", file.toString(), "box1:/x");
    assertThat(cli.err()).isEqualTo("Warning: /x/dev was skipped: it is a device\n");
  }
}
