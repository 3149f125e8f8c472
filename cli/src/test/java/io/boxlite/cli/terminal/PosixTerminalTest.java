package io.boxlite.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// On a pseudo-terminal that `script` makes.
class PosixTerminalTest {
  @ParameterizedTest
  @ValueSource(strings = {"close", "exit", "throw", "signal"})
  void terminalIsRestoredHoweverTheProcessEnds(String end) throws Exception {
    String java = ProcessHandle.current().info().command().orElseThrow();
    String command =
        "stty rows 33 cols 99; stty -g; "
            + java
            + " --enable-native-access=ALL-UNNAMED -cp "
            + place(PosixTerminal.class)
            + File.pathSeparator
            + place(RawModeMain.class)
            + " io.boxlite.cli.terminal.RawModeMain "
            + end
            + "; stty -g";
    Process script =
        new ProcessBuilder("script", "-qec", command, "/dev/null")
            .redirectErrorStream(true)
            .start();
    // Stays open: the end of the input would end `script`.
    String output = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    script.waitFor();
    List<String> settings =
        output.lines().map(String::strip).filter(l -> l.matches("[0-9a-f]+(:[0-9a-f]+)+")).toList();
    assertThat(settings).as(output).hasSize(2);
    assertThat(settings.get(1)).isEqualTo(settings.get(0));
    assertThat(output).contains("-icanon", "-isig", "-echo ", "-opost", "-icrnl");
    assertThat(output).contains("size Size[rows=33, cols=99]");
  }

  private static Path place(Class<?> type) throws Exception {
    // In a modular test run both may be the same, patched module: name both directories.
    Path place = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    return type == RawModeMain.class ? place.resolveSibling("test-classes") : place;
  }
}
