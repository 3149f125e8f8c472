package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.client.RemoteBoxlite;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// If these commands failed, the cache would be trained with failures.
@Timeout(30)
class ScriptedServerTest {
  @TempDir Path home;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    return new Cli(
            new ByteArrayInputStream(new byte[0]),
            out,
            err,
            Map.of("BOXLITE_HOME", home.toString()),
            CommandLineHarness.FakeTerminal::new,
            (directory, _) -> RemoteBoxlite.find(directory.resolve("boxlite.sock")).orElseThrow())
        .run(arguments);
  }

  @Test
  void commandsGoTheWholeWay() throws IOException {
    try (ScriptedServer _ = ScriptedServer.open(home)) {
      assertThat(run("run", "--rm", "base", "true")).isZero();
      assertThat(run("exec", "x", "--", "true")).isZero();
      assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("ee");
      assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("oo");
      assertThat(run("run", "-d", "base", "true")).isZero();
      assertThat(out.toString(StandardCharsets.UTF_8)).endsWith("01TRAINING\n");
      assertThat(run("--registry", "localhost:1", "pull", "base")).isZero();
      assertThat(out.toString(StandardCharsets.UTF_8)).endsWith("Layers: 1\n");
    }
    assertThat(home.resolve("boxlite.sock")).doesNotExist();
  }
}
